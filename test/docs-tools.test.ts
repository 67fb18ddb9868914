/**
 * Runs the recipes of docs/tools.md with the tools that are installed, and compares what they print. Those that send a key run on a server
 * with keys.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { finished, User } from './cli/run-thena.ts';
import { type Fence, splitMarkdown } from './markdown.ts';
import { call, type RunningThena, startThena, upload } from './server.ts';

const PAGE = readFileSync(new URL('../docs/tools.md', import.meta.url), 'utf8');
const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const ADMIN_KEY = 'an-admin-key-for-tests-only';
const { fences } = splitMarkdown(PAGE);

/** Modules that recipes in Python need, beyond those that they import. */
const BEHIND: Readonly<Record<string, readonly string[]>> = { pandas: ['pyarrow'], fsspec: ['aiohttp'] };

/** The recipes in a language, each with what it prints. */
function recipesIn(
  language: string,
): readonly { readonly text: string; readonly printed: string; readonly line: number }[] {
  return fences.flatMap((fence: Fence, index) => {
    const next = fences[index + 1];
    return fence.language === language && next?.language === 'text'
      ? [{ text: fence.text, printed: next.text, line: fence.line }]
      : [];
  });
}

function lacking(program: string, args: readonly string[], needs: string): string | false {
  return spawnSync(program, args, { stdio: 'ignore', timeout: 60_000 }).status !== 0 && `needs ${needs}`;
}

function lackingForPython(recipe: string): string | false {
  const imported = [...recipe.matchAll(/^(?:import|from) (\w+)/gm)].map(([, name = '']) => name);
  const modules = imported.flatMap((name) => [name, ...(BEHIND[name] ?? [])]);
  return lacking('python3', ['-c', `import ${modules.join(', ')}`], `python3 with ${modules.join(', ')}`);
}

describe('the recipes of docs/tools.md', () => {
  let thena: RunningThena;
  let open: RunningThena;
  let user: User;
  before(async () => {
    const file = splitMarkdown(README).fences.find(({ lineAbove }) => lineAbove.includes('`events_data.csv`'))?.text;
    assert.ok(file);
    thena = await startThena({ THENA_ADMIN_KEY: ADMIN_KEY });
    open = await startThena();
    await upload(open.url, '1000', file);
    const admin = { authorization: `Bearer ${ADMIN_KEY}` };
    const { body } = await call(`${thena.url}/api/v1/customers`, { json: { customer_id: '1000' }, headers: admin });
    await upload(thena.url, '1000', file, admin);
    user = new User({ THENA_URL: thena.url, THENA_KEY: body.api_key.key });
    writeFileSync(user.path('more.csv'), `${file}\n`);
  });
  after(async () => {
    user.remove();
    await thena.close();
    await open.close();
  });

  async function run(program: string, args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await finished(spawn(program, args, { cwd: user.home, env: user.env }));
    assert.equal(code, 0, stderr);
    return stdout;
  }
  const here = (recipe: string): string =>
    recipe.replaceAll('http://127.0.0.1:8000', recipe.includes('THENA_KEY') ? thena.url : open.url);

  for (const { text, printed, line } of recipesIn('python')) {
    const name = /^import (pandas|polars|duckdb)/m.exec(text)?.[1];
    const how = text.includes('THENA_KEY') ? 'with a key' : 'without a key';
    it(`line ${line}: reads links with ${name}, ${how}`, { skip: lackingForPython(text) }, async () => {
      assert.equal((await run('python3', ['-c', here(text)])).trim(), printed);
    });
  }

  for (const { text, printed, line } of recipesIn('r')) {
    it(`line ${line}: reads links with R`, { skip: lacking('Rscript', ['--version'], 'R') }, async () => {
      writeFileSync(user.path('recipe.R'), here(text));
      assert.equal((await run('Rscript', [user.path('recipe.R')])).trim(), printed);
    });
  }

  it('opens links without keys in LibreOffice Calc', {
    skip: lacking('soffice', ['--version'], 'LibreOffice'),
  }, async () => {
    await upload(open.url, '2000', 'event_time,event_type\n2024-03-01,"=a, ü"\n');
    const recipe = fences.find(({ text }) => text.startsWith('soffice'))?.text ?? '';
    // To CSV instead of a workbook, to see what Calc has read.
    const command = here(recipe)
      .replace('xlsx', 'csv:"Text - txt - csv (StarCalc)":59,34,76,1')
      .replace('/1000/', '/2000/');
    await run('sh', ['-euc', command]);
    assert.equal(readFileSync(user.path('query.csv'), 'utf8'), '"event_type";"count"\n"\'=a, ü";1\n');
  });

  it('uploads and queries on the command line', async () => {
    const commands = fences.flatMap(({ text }) => text.split('\n')).filter((line) => line.startsWith('thena '));
    assert.equal(commands.length, 2);
    const printed: string[] = [];
    for (const command of commands) {
      // As a shell does: the only file that matches.
      const { code, stdout, stderr } = await user.run(command.replace('*.csv', 'more.csv').split(' ').slice(1));
      assert.equal(code, 0, stderr);
      printed.push(stdout);
    }
    assert.match(printed[1] ?? '', /^event_type,count\n(\w+,2\n){3}$/);
  });

  it('are found', () => {
    assert.deepEqual(
      ['python', 'r'].map((language) => recipesIn(language).length),
      [4, 1],
    );
  });
});
