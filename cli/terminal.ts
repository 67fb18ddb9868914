import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { stripVTControlCharacters, styleText } from 'node:util';
import { EXIT, Interrupted, UsageError } from './exit-codes.ts';

type Style = Parameters<typeof styleText>[0];

/**
 * Data go to standard output and wait for its reader. Messages go to standard error, and so does progress, if that is a terminal.
 * Colors obey NO_COLOR and FORCE_COLOR.
 */
export interface Terminal {
  readonly width: number;
  readonly outputIsTerminal: boolean;
  readonly showsProgress: boolean;
  write(data: string | Uint8Array): Promise<void>;
  /** Writes what others have written, such as a part of a table: as it is, except on a terminal, which would execute parts of it. */
  writeUntrusted(data: string | Uint8Array): Promise<void>;
  /** A line on standard error, of which a terminal executes nothing. */
  note(text: string): void;
  /** Replaces the last line of the terminal; null: removes it. */
  progress(text: string | null): void;
  /** Colors text of standard output. */
  style(style: Style, text: string): string;
  /** Asks on the terminal. @throws UsageError if there is none: `option` says yes */
  confirm(question: string, option: string): Promise<boolean>;
  /** Reads a line from the terminal. @throws UsageError if there is none */
  ask(question: string, settings?: { readonly hidden: boolean }): Promise<string>;
}

export function openTerminal(signal: AbortSignal): Terminal {
  const { stdin, stdout, stderr } = process;
  // The reader has seen enough, such as `head`.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));
  }
  const showsProgress = stderr.isTTY;
  let shown = '';

  const note = (text: string): void => {
    stderr.write(`${showsProgress && shown ? '\r\u001b[K' : ''}${printable(text)}\n`);
    if (shown) stderr.write(shown);
  };

  async function ask(question: string, { hidden = false } = {}): Promise<string> {
    if (!stdin.isTTY || !stderr.isTTY) throw new UsageError(`There is no terminal to ask: ${question.trim()}`);
    // Readline echoes what is typed to its output: of a secret, it goes nowhere.
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: stdin, output: hidden ? nowhere : stderr, terminal: true });
    try {
      return await new Promise<string>((resolve, reject) => {
        lines.once('line', (line) => resolve(line.trim()));
        // Ctrl-C and Ctrl-D reach readline, not the process.
        lines.once('close', () => reject(new Interrupted('Interrupted.')));
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        if (hidden) stderr.write(question);
        lines.setPrompt(hidden ? '' : question);
        lines.prompt();
      });
    } finally {
      lines.close();
      if (hidden) stderr.write('\n');
    }
  }

  async function write(data: string | Uint8Array): Promise<void> {
    if (!stdout.write(data)) await once(stdout, 'drain', { signal });
  }

  const decoder = new TextDecoder();
  return {
    width: stdout.columns ?? 80,
    outputIsTerminal: stdout.isTTY,
    showsProgress,
    write,
    writeUntrusted(data) {
      if (!stdout.isTTY) return write(data);
      return write(printableLines(typeof data === 'string' ? data : decoder.decode(data, { stream: true })));
    },
    note,
    progress(text) {
      if (!showsProgress) return;
      const line = text === null ? '' : printable(text).slice(0, (stderr.columns ?? 80) - 1);
      if (line === shown) return;
      stderr.write(`\r\u001b[K${line}`);
      shown = line;
    },
    style: (style, text) => styleText(style, text, { stream: stdout }),
    async confirm(question, option) {
      if (!stdin.isTTY || !stderr.isTTY) {
        throw new UsageError(`${question} There is no terminal to ask: confirm with ${option}.`);
      }
      return /^y(es)?$/i.test(await ask(`${question} [y/N] `));
    },
    ask,
  };
}

/** Text from a file or a server, without what a terminal would execute. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '\u{fffd}');
}

/** The same for text with lines and tabs. */
function printableLines(text: string): string {
  return text.replaceAll(/(?![\n\t]|\r\n)[\p{Cc}\p{Bidi_Control}]/gu, '\u{fffd}');
}

/** A JSON document on a line of its own. What a terminal would execute is escaped, which programs read as the same text. */
export function jsonLine(value: unknown): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value).replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, escaped)}\n`;
}
