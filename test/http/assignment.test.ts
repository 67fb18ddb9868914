import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { call, type RunningThena, sharedFile, startThena } from '../server.ts';

const UPLOAD = `curl -X POST http://127.0.0.1:8000/api/v1/event/   --form 'file=@"events_data.csv"' --form 'customer_id="1000"'`;
const ANALYZE = `curl -X POST http://127.0.0.1:8000/api/v1/analyze/ -H 'Content-Type: application/json' -d '{"customer_id":1000,"analyzer_type":10000}'`;

let thena: RunningThena;
let folder: string;
before(async () => {
  thena = await startThena();
  folder = mkdtempSync(join(tmpdir(), 'thena-curl-'));
  copyFileSync(sharedFile('nyc_taxi.csv').path, join(folder, 'events_data.csv'));
});
after(async () => {
  await thena.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a line as it stands in the assignment, but for the port. */
async function run(line: string): Promise<{ body: Record<string, unknown>; status: number }> {
  const command = `${line.replace('http://127.0.0.1:8000', thena.url)} -s -w '\\n%{http_code}'`;
  const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: folder });
  const [text = '', status] = stdout.split(/\n(?=\d+$)/);
  return { body: JSON.parse(text), status: Number(status) };
}

test('the two lines of the assignment work as they stand', async () => {
  const uploaded = await run(UPLOAD);
  assert.equal(uploaded.status, 202);
  assert.equal(uploaded.body.customer_id, '1000');
  assert.equal(uploaded.body.filename, 'events_data.csv');

  const deadline = Date.now() + 30_000;
  for (;;) {
    const { body } = await call(`${thena.url}/api/v1/uploads/${uploaded.body.id}`);
    if (body.status === 'complete') break;
    assert(['received', 'ingesting'].includes(body.status) && Date.now() < deadline, JSON.stringify(body));
    await sleep(50);
  }

  const answered = await run(ANALYZE);
  assert.equal(answered.status, 200);
  assert.deepEqual(answered.body, {
    customer_id: '1000',
    analyze_type: 10000,
    name: 'time_difference',
    result: {
      time_column: 'timestamp',
      first_row_at: '2014-07-01T00:00:00Z',
      latest_row_at: '2015-01-31T23:30:00Z',
      seconds: 18_574_200,
      duration: 'P214DT23H30M',
    },
    table: { rows: 10_320, version: 1 },
  });
});
