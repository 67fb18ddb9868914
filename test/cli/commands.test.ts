import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type RunningThena, startThena } from '../server.ts';
import { type Finished, User } from './run-thena.ts';

const CSV = 'event_time,kind,amount\n2024-03-01T09:00:00Z,a,15\n2024-03-02T09:00:00Z,b,9007199254740993\n';

let thena: RunningThena;
let user: User;

before(async () => {
  thena = await startThena();
  user = new User({ THENA_URL: thena.url, THENA_CUSTOMER: '1000' });
  writeFileSync(user.path('events.csv'), CSV);
});

after(async () => {
  user.remove();
  await thena.close();
});

async function succeeds(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await user.run(args);
  assert.deepEqual([code, stderr], [0, ''], stdout);
  return stdout;
}

async function fails(code: number, ...args: string[]): Promise<Finished> {
  const finished = await user.run(args);
  assert.equal(finished.code, code, finished.stdout + finished.stderr);
  return finished;
}

const lines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('uploads a file and writes one line about it', async () => {
  assert.match(
    await succeeds('upload', 'events.csv'),
    /^events\.csv: complete, 2 rows appended, 0 rejected {2}[0-9a-f-]{36}\n$/,
  );
});

test('uploads patterns, standard input and dry runs, with the options of the API as flags', async () => {
  mkdirSync(user.path('many'));
  for (const name of ['a', 'b', 'c']) writeFileSync(user.path(`many/${name}.csv`), `n;d\n1,${name.length};x\n`);
  const many = await succeeds(
    'upload',
    '-c',
    'many',
    '--json',
    '--delimiter',
    ';',
    '--decimal',
    'comma',
    'many/[ab]*.csv',
    'many/c.csv',
  );
  assert.deepEqual(
    lines(many).map((upload) => (upload as { filename: string }).filename),
    ['a.csv', 'b.csv', 'c.csv'],
  );
  const piped = await user.run(['upload', '-', '-c', 'piped', '--no-header', '--filename', 'x.csv', '--json'], {
    input: '1,2\n3,4\n',
  });
  const [upload] = lines(piped.stdout) as [{ receipt: { appended: number }; filename: string }];
  assert.deepEqual([piped.code, upload.receipt.appended, upload.filename], [0, 2, 'x.csv']);
  assert.match(
    await succeeds('upload', '-c', 'dry', '--dry-run', 'events.csv'),
    /complete \(dry run\), 2 rows would be appended.*\nevent_time \(timestamp\) .*amount \(integer\)\n.*15\n/,
  );
  await fails(1, 'rows', '-c', 'dry');
});

test('exits with 3 if rows are rejected, and lists them', async () => {
  await succeeds('upload', '-c', 'bad', 'events.csv');
  writeFileSync(
    user.path('bad.csv'),
    'event_time,kind,amount\n2024-03-01T09:00:00Z,a,cheap\n2024-03-03T09:00:00Z,a,2\n',
  );
  const failed = await fails(3, 'upload', '-c', 'bad', 'bad.csv');
  assert.match(failed.stdout, /^bad\.csv: failed/);
  assert.match(failed.stderr, /thena: bad\.csv: 1 of 2 rows do not fit the table\. Line 2, column 'amount'/);
  assert.match(failed.stderr, /thena retry [0-9a-f-]{36} --on-error skip/);
  const id = /[0-9a-f-]{36}/.exec(failed.stdout)?.[0] ?? '';
  assert.match(await succeeds('rejects', id), /^line {2}column.*\n +2 {2}amount .*cheap\n$/);
  assert.match(await succeeds('rejects', id, '--csv'), /^event_time,kind,amount\r?\n2024-03-01T09:00:00Z,a,cheap/);
  assert.match((await fails(3, 'status', id, '--follow')).stdout, /^bad\.csv: failed/);
  assert.match(await (await user.run(['status', id])).stdout, /failed/);
  const retried = await fails(3, 'retry', id, '--on-error', 'skip');
  assert.match(retried.stdout, /complete, 1 row appended, 1 rejected/);
});

test('says what to do about a file with two readings, in terms of flags', async () => {
  writeFileSync(user.path('days.csv'), 'day,n\n01/02/2024,1\n03/04/2024,2\n');
  const failed = await fails(1, 'upload', '-c', 'days', 'days.csv');
  assert.match(failed.stderr, /--date-order/);
  assert.doesNotMatch(failed.stderr, /date_order=/);
  await succeeds('upload', '-c', 'days', '--date-order', 'dmy', 'days.csv');
});

test('lists rows as text, CSV and JSON, with exact integers', async () => {
  await succeeds('upload', '-c', 'rows', 'events.csv');
  assert.match(
    await succeeds('rows', '-c', 'rows'),
    /^event_time {12}kind.*amount\n2024-03-01T09:00:00Z {2}a {5} +15\n/,
  );
  assert.equal(
    await succeeds('rows', '-c', 'rows', '--csv', '--columns', 'kind,amount'),
    'kind,amount\na,15\nb,9007199254740993\n',
  );
  assert.deepEqual(
    lines(
      await succeeds('rows', '-c', 'rows', '--json', '-n', '1', '--where', '{"column":"kind","op":"=","value":"b"}'),
    ),
    [{ event_time: '2024-03-02T09:00:00Z', kind: 'b', amount: '9007199254740993' }],
  );
});

test('answers analyses and queries', async () => {
  await succeeds('upload', '-c', 'ask', 'events.csv');
  assert.match(await succeeds('analyze', 'time_difference', '-c', 'ask'), /86400 {2}P1D/);
  const [analysis] = lines(await succeeds('analyze', '10001', '-c', 'ask', '--json')) as [{ result: unknown }];
  assert.deepEqual(analysis.result, { total_rows: 2 });
  assert.match(
    await succeeds('analyze', 'profile', '-c', 'ask', '--csv'),
    /^name,type,nulls,distinct,.*,q1,median,q3\n/,
  );
  assert.equal(
    await succeeds(
      'query',
      '-c',
      'ask',
      '--csv',
      '-m',
      'count',
      '-b',
      'event_time:day',
      '-o',
      'event_time:desc',
      '-n',
      '1',
    ),
    'event_time,count\n2024-03-02T00:00:00Z,1\n',
  );
  assert.match(await succeeds('query', '-c', 'ask', '-m', 'count', '-b', 'amount:10', '-n', '1'), /\n +10 +1\n$/);
  writeFileSync(user.path('query.json'), JSON.stringify({ measures: [{ fn: 'max', column: 'kind' }] }));
  assert.match(await succeeds('query', '-c', 'ask', '@query.json'), /^max.*\nb\n$/);
  assert.match(await succeeds('analyze'), /10000 {2}time_difference/);
  const wrong = await fails(1, 'query', '-c', 'ask', '-m', 'sum:kind');
  assert.match(wrong.stderr, /"sum" requires a numeric column/);
  await fails(2, 'query', '-c', 'ask');
  await fails(2, 'query', '-c', 'ask', '{"measures"');
});

test('exports to standard output and to a file whose name says the format', async () => {
  await succeeds('upload', '-c', 'out', 'events.csv');
  assert.match(await succeeds('export', '-c', 'out'), /^event_time,kind,amount\n/);
  await succeeds('export', '-c', 'out', '-o', 'out.parquet');
  assert.equal(readFileSync(user.path('out.parquet')).subarray(0, 4).toString(), 'PAR1');
  assert.match((await fails(2, 'export', '-c', 'out', '-o', 'out.parquet')).stderr, /--force overwrites it/);
  writeFileSync(user.path('out.parquet.part'), 'of another program');
  await succeeds('export', '-c', 'out', '-o', 'out.parquet', '--force');
  assert.equal(readFileSync(user.path('out.parquet.part'), 'utf8'), 'of another program');
  await fails(1, 'export', '-c', 'out', '-o', 'no/such/folder.csv');
});

test('asks before it undoes an upload, which needs a terminal or --yes', async () => {
  const id = /[0-9a-f-]{36}/.exec(await succeeds('upload', '-c', 'undo', 'events.csv'))?.[0] ?? '';
  const refused = await fails(2, 'undo', id);
  assert.match(
    refused.stderr,
    /Remove 2 rows of 'events\.csv' from a table of 2 rows\? There is no terminal to ask: confirm with --yes/,
  );
  assert.match((await fails(2, 'cancel', id)).stderr, /has ended: it is complete\. `thena undo`/);
  assert.match(await succeeds('status', id), /complete, 2 rows appended[\s\S]*table: 0 rows before, 2 after/);
  assert.match(await succeeds('undo', id, '--yes'), /undone/);
  assert.match(await succeeds('uploads', '-c', 'undo'), /undone .*2 .*events\.csv/);
  await fails(2, 'undo', id, '--yes');
});

test('exit codes say what went wrong', async () => {
  const cases: readonly (readonly [number, ...string[]])[] = [
    [0, '--help'],
    [0, 'upload', '--help'],
    [0, '--version'],
    [2],
    [2, 'nonsense'],
    [2, 'upload'],
    [2, 'upload', 'missing.csv'],
    [2, 'upload', '-', '--key-file', '-'],
    [2, 'upload', '.'],
    [2, 'upload', '--on-error', 'perhaps', 'events.csv'],
    [2, 'uploads', '-c', 'not an id'],
    [2, 'rows', '--key', 'secret'],
    [5, 'status', '00000000-0000-4000-8000-000000000000'],
    [5, 'uploads', '-c', 'nobody'],
    [6, 'uploads', '--url', 'http://127.0.0.1:1'],
    [2, 'uploads', '--url', 'ftp://example.org'],
  ];
  for (const [code, ...args] of cases) assert.equal((await user.run(args)).code, code, args.join(' '));
});

test('every command writes JSON documents with --json, one per line', async () => {
  const csv = 'event_time,n\n2024-03-01T09:00:00Z,1\n2024-03-02T09:00:00Z,x\n';
  writeFileSync(user.path('json.csv'), csv.replace('x', '2'));
  await succeeds('upload', '-c', 'json', 'json.csv');
  writeFileSync(user.path('json.csv'), csv);
  const { stdout } = await fails(3, 'upload', '-c', 'json', '--on-error', 'skip', '--json', 'json.csv');
  const { id } = lines(stdout)[0] as { id: string };
  const members: readonly (readonly [members: string, documents: number, ...command: string[]])[] = [
    ['id,receipt,status', 2, 'uploads'],
    ['id,receipt,status', 1, 'uploads', '-n', '1'],
    ['id,receipt,status', 1, 'status', id],
    ['column,line,message,text', 1, 'rejects', id],
    ['event_time,n', 3, 'rows'],
    ['name,result,table', 1, 'analyze', 'profile'],
    ['name,number', 6, 'analyze'],
    ['name,result,table', 1, 'query', '-m', 'count'],
    ['id,table', 1, 'customers', 'show', 'json'],
    ['checks,ok', 1, 'doctor'],
    ['id,status', 1, 'undo', id, '--yes'],
  ];
  for (const [names, documents, ...command] of members) {
    const written = lines(await succeeds(...command, '-c', 'json', '--json')) as object[];
    assert.equal(written.length, documents, command.join(' '));
    for (const name of names.split(',')) assert.ok(name in (written[0] ?? {}), `${command.join(' ')}: ${name}`);
  }
});

test('errors are JSON with --json', async () => {
  const { stdout, stderr } = await fails(5, 'uploads', '-c', 'nobody', '--json');
  assert.equal(stdout, '');
  assert.equal((lines(stderr)[0] as { code: string }).code, 'customer_not_found');
});

test('what a file contains does not reach the terminal as control characters', async () => {
  writeFileSync(
    user.path('evil.csv'),
    `n,text\n1,\u001b[31mred\u001b]0;title\u0007\n${'2,a text that is longer than that\n'.repeat(9)}`,
  );
  await succeeds('upload', '-c', 'evil', 'evil.csv');
  const text = await succeeds('rows', '-c', 'evil');
  assert.ok(!text.includes('\u001b'));
  assert.match(text, /red/);
});

test('prints a completion script, and completes commands and choices', async () => {
  assert.match(await succeeds('completion', 'bash'), /thena/);
  assert.match(await succeeds('complete', '--', 'up'), /^upload/m);
  assert.match(await succeeds('complete', '--', 'upload', '--on-error', ''), /^skip/m);
});
