/** A fenced code block. */
export interface Fence {
  /** The word behind the opening fence, such as `json`; empty if there is none. */
  readonly language: string;
  readonly text: string;
  /** Line number of the opening fence, from 1. */
  readonly line: number;
  /** The last line above it that is not blank. */
  readonly lineAbove: string;
}

/** Splits a page into its code blocks and everything else, in which code blocks are blank lines. */
export function splitMarkdown(markdown: string): { readonly fences: readonly Fence[]; readonly prose: string } {
  const fences: Fence[] = [];
  const prose: string[] = [];
  let open: { language: string; line: number; lineAbove: string; text: string[] } | null = null;
  let lineAbove = '';
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^\s*```\s*(\S*)/.exec(line);
    if (fence && open) {
      fences.push({ ...open, text: open.text.join('\n') });
      open = null;
    } else if (fence) open = { language: fence[1] ?? '', line: index + 1, lineAbove, text: [] };
    else if (open) open.text.push(line);
    if (!open && line.trim() !== '') lineAbove = line;
    prose.push(open || fence ? '' : line);
  }
  return { fences, prose: prose.join('\n') };
}

/** Texts in `code style`. */
export function codeSpans(prose: string): readonly string[] {
  return [...prose.matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map(([, text = '']) => text);
}

/** Targets of links and images, without titles; those in code are none. */
export function linkTargets(prose: string): readonly string[] {
  const text = prose.replaceAll(/`[^`]*`/g, '``');
  return [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(([, target = '']) => target);
}

/** Anchors of headings as GitHub makes them, and of elements with an id. */
export function anchorsOf(prose: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm)) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    let anchor = slug;
    for (let copy = 1; anchors.has(anchor); copy++) anchor = `${slug}-${copy}`;
    anchors.add(anchor);
  }
  for (const [, id = ''] of prose.matchAll(/<\w+ [^>]*\b(?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}
