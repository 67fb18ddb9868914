import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { dataFiles } from '../fixtures/data-files.ts';
import { ended, type RunningThena, startThena } from '../server.ts';
import { jsonOf } from './expected-cells.ts';

const UPLOAD = `curl -X POST http://127.0.0.1:8000/api/v1/event/   --form 'file=@"events_data.csv"' --form 'customer_id="1000"'`;
const ANALYZE = `curl -X POST http://127.0.0.1:8000/api/v1/analyze/ -H 'Content-Type: application/json' -d '{"customer_id":1000,"analyzer_type":10000}'`;

let thena: RunningThena;
let folder: string;
before(async () => {
  thena = await startThena();
  folder = mkdtempSync(join(tmpdir(), 'thena-curl-'));
});
after(async () => {
  await thena.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command of the assignment, with the port of this server and another customer where one is named. */
async function run(command: string, customer: string): Promise<{ body: Record<string, unknown>; status: number }> {
  const line = command.replace('http://127.0.0.1:8000', thena.url).replace('1000', customer);
  const { stdout } = await promisify(execFile)('sh', ['-c', `${line} -s -w '\\n%{http_code}'`], { cwd: folder });
  const [text = '', status] = stdout.split(/\n(?=\d+$)/);
  return { body: JSON.parse(text), status: Number(status) };
}

for (const [index, file] of dataFiles('rides').entries()) {
  test(`the two commands of the assignment work exactly as written (${file.name})`, async () => {
    // The made-up file is sent under the very ID of the assignment.
    const customer = String(1000 + index);
    writeFileSync(join(folder, 'events_data.csv'), file.bytes);
    const uploaded = await run(UPLOAD, customer);
    assert.equal(uploaded.status, 202);
    assert.equal(uploaded.body.customer_id, customer);
    assert.equal(uploaded.body.filename, 'events_data.csv');

    assert.equal((await ended(thena.url, uploaded.body.id as string)).status, 'complete');

    const times = file.column('timestamp').cells as readonly number[];
    const [first = Number.NaN, latest = Number.NaN] = [times[0], times.reduce((a, b) => Math.max(a, b))];
    const minutes = (latest - first) / 60_000;
    const answered = await run(ANALYZE, customer);
    assert.equal(answered.status, 200);
    assert.deepEqual(answered.body, {
      customer_id: customer,
      analyze_type: 10000,
      name: 'time_difference',
      result: {
        time_column: 'timestamp',
        first_row_at: jsonOf(first, 'timestamp'),
        latest_row_at: jsonOf(latest, 'timestamp'),
        seconds: minutes * 60,
        duration: `P${Math.floor(minutes / 1440)}DT${Math.floor((minutes % 1440) / 60)}H${minutes % 60}M`,
      },
      table: { rows: file.rows, version: 1 },
    });
  });
}
