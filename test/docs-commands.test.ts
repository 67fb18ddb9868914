/**
 * Runs every curl command of README.md and docs/*.md as a reader would: in a shell, in the order of the page, after those of
 * README.md. A command that cannot run carries a comment above its block: `<!-- not run: why -->`.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Fence, splitMarkdown } from './markdown.ts';
import { ended, type RunningThena, startThena } from './server.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMMAND_TIMEOUT_MS = 60_000;
/** Read by curl from its home folder: fails on a status from 400, and writes down the headers of the answer. */
const CURLRC = 'silent\nshow-error\nfail-with-body\ndump-header = "headers.txt"\n';
const hasCurl = ['curl', 'sh'].every((program) => spawnSync(program, ['--version']).error === undefined);

const fencesOf = (page: string): readonly Fence[] => splitMarkdown(readFileSync(join(ROOT, page), 'utf8')).fences;
const isCommand = ({ language, text }: Fence): boolean =>
  /^(|sh|bash|shell|console)$/.test(language) && /(^|\| *)curl /m.test(text);
const isSkipped = ({ lineAbove }: Fence): boolean => /^<!-- not run: \S.* -->$/.test(lineAbove.trim());

const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter(
  (page) => page.endsWith('.md') && fencesOf(page).some(isCommand),
);

/** A page's commands at work: where they run, and what they have answered so far. */
class Reader {
  readonly #thena: RunningThena;
  readonly #folder = mkdtempSync(join(tmpdir(), 'thena-docs-'));
  readonly #shown = new Map<string, string>();
  /** Values for `<id>`, `<offset>` and the like in commands, from the last answer that had them. */
  readonly #values = new Map<string, string>();

  constructor(thena: RunningThena) {
    this.#thena = thena;
    writeFileSync(join(this.#folder, '.curlrc'), CURLRC);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Follows a page from its top: makes the files it shows, and runs its commands. */
  async follow(page: string): Promise<void> {
    for (const name of readdirSync(this.#folder)) if (name !== '.curlrc') rmSync(join(this.#folder, name));
    for (const [name, text] of this.#shown) writeFileSync(join(this.#folder, name), text);
    for (const fence of fencesOf(page)) {
      const [, file] = /`([\w.-]+\.csv)`/.exec(fence.lineAbove) ?? [];
      if (isCommand(fence)) {
        if (!isSkipped(fence)) await this.#run(fence, `${page}:${fence.line}`);
      } else if (file !== undefined && /^(|csv)$/.test(fence.language)) {
        this.#shown.set(file, `${fence.text}\n`);
        writeFileSync(join(this.#folder, file), `${fence.text}\n`);
      }
    }
  }

  async #run({ text }: Fence, where: string): Promise<void> {
    const command = text
      .replaceAll(/http:\/\/(127\.0\.0\.1|localhost):8000/g, this.#thena.url)
      .replaceAll(/<([a-z_]+)>/g, (placeholder, name) => {
        const value = this.#values.get(name);
        assert.ok(value, `${where}: no answer before it has a value for ${placeholder}; mark it <!-- not run: why -->`);
        return value;
      });
    const env = { ...process.env, CURL_HOME: this.#folder, HOME: this.#folder, THENA_KEY: 'any' };
    const output = await new Promise<string>((resolve, reject) =>
      execFile(
        'sh',
        ['-euc', command],
        { cwd: this.#folder, env, timeout: COMMAND_TIMEOUT_MS },
        (error, stdout, stderr) =>
          error ? reject(new Error(`${where}: ${error.message}\n${stdout}${stderr}`)) : resolve(stdout),
      ),
    );
    this.#remember(output);
    // A reader takes longer than the server: what the page does next needs the rows.
    const received = /"id": ?"([^"]+)"[^{}]*"status": ?"(?:received|ingesting)"/.exec(output)?.[1];
    if (received !== undefined) await ended(this.#thena.url, received);
  }

  #remember(output: string): void {
    const headers = readFileSync(join(this.#folder, 'headers.txt'), 'utf8');
    const [, status] = [...headers.matchAll(/^HTTP\/\S+ (\d+)/gm)].at(-1) ?? [];
    assert.ok(Number(status) < 400, headers);
    const location = /^location: *\S*\/(\S+)/im.exec(headers)?.[1];
    for (const [name, value] of [
      ['id', /"id": ?"([^"]+)"/.exec(output)?.[1] ?? location],
      ['offset', /^upload-offset: *(\d+)/im.exec(headers)?.[1]],
    ] as const) {
      if (value !== undefined) this.#values.set(name, value);
    }
  }
}

describe('the commands in the documentation', { skip: !hasCurl && 'needs curl and a shell' }, () => {
  let thena: RunningThena;
  let reader: Reader;
  beforeEach(async () => {
    thena = await startThena();
    reader = new Reader(thena);
  });
  afterEach(async () => {
    reader.close();
    await thena.close();
  });

  for (const page of pages) {
    it(`${page}: every curl command succeeds`, async () => {
      if (page !== 'README.md') await reader.follow('README.md');
      await reader.follow(page);
    });
  }

  it('are found', () => {
    const found = pages.flatMap((page) => fencesOf(page).filter(isCommand));
    assert.ok(found.length >= 4, `only ${found.length}`);
  });
});
