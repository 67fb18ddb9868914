/** Compares docs/command-line.md with the command line, and runs its examples. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { EXIT } from '../cli/exit-codes.ts';
import { User } from './cli/run-thena.ts';
import { splitMarkdown } from './markdown.ts';
import { startThena } from './server.ts';

const PAGE = readFileSync(new URL('../docs/command-line.md', import.meta.url), 'utf8');

test('docs/command-line.md lists every exit code, and no other', () => {
  const listed = [...PAGE.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  assert.deepEqual(listed, Object.values(EXIT));
});

test('docs/command-line.md lists every command, and no other', async () => {
  const user = new User();
  const { stdout } = await user.run(['--help']);
  user.remove();
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) (?=.* {2})/gm)]
    .map(([, name]) => name)
    .filter((name) => name !== 'help');
  const table = PAGE.slice(PAGE.indexOf('| command |'), PAGE.indexOf('## Server'));
  const listed = [...table.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    cell.replaceAll('`', '').split(', '),
  );
  assert.deepEqual(listed.toSorted(), commands.toSorted());
});

test('the examples of docs/command-line.md run', async () => {
  const thena = await startThena();
  const user = new User({ THENA_URL: thena.url });
  try {
    writeFileSync(user.path('events_data.csv'), 'event_time,amount\n2024-03-01T09:00:00Z,1.5\n');
    const examples = splitMarkdown(PAGE).fences.flatMap(({ text }) => text.split('\n'));
    const commands = examples.filter((line) => line.startsWith('thena ') && !line.startsWith('thena serve'));
    assert.equal(commands.length, 5);
    for (const command of commands) {
      const { code, stderr } = await user.run(command.split(' ').slice(1));
      assert.equal(code, 0, `${command}: ${stderr}`);
    }
  } finally {
    user.remove();
    await thena.close();
  }
});
