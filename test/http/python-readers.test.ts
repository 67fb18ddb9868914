import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { call, type RunningThena, startThena, upload } from '../server.ts';

const ADMIN_KEY = 'an-admin-key-for-tests-only';
const admin = { authorization: `Bearer ${ADMIN_KEY}` };
const has = (script: string): boolean => spawnSync('python3', ['-c', script]).status === 0;
const noPython = !has('import urllib.request') && 'needs python3';

/** A request as Python's own library sends it: the key as a password, no headers of its own. */
const OPEN = `
import sys, urllib.request
url, key = sys.argv[1:]
passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
passwords.add_password(None, url, "any", key)
opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))
def read(path): return opener.open(url + path).read()
`;

let thena: RunningThena;
let key: string;
before(async () => {
  thena = await startThena({ THENA_ADMIN_KEY: ADMIN_KEY });
  const made = await call(`${thena.url}/api/v1/customers`, { json: { customer_id: 'acme' }, headers: admin });
  key = made.body.api_key.key;
  await upload(thena.url, 'acme', 'at,city,n\n2024-01-01 00:00:00,"a, b",9007199254740993\n,é,2\n', admin);
});
after(() => thena.close());

async function python(script: string): Promise<unknown> {
  const url = `${thena.url}/api/v1/customers/acme/`;
  const { stdout } = await promisify(execFile)('python3', ['-c', `${OPEN}${script}`, url, key], { timeout: 60_000 });
  return JSON.parse(stdout);
}

test('Python reads CSV and JSON of a link, with the key as a password that it is asked for', {
  skip: noPython,
}, async () => {
  const script = `
import csv, io, json
rows = list(csv.DictReader(io.StringIO(read("query.csv?measures=sum:n&group_by=city&order_by=sum_n").decode())))
total = json.loads(read("analysis.json?analyze_type=total_rows"))["result"]["total_rows"]
print(json.dumps([rows, total]))
`;
  const rows = [
    { city: 'é', sum_n: '2' },
    { city: 'a, b', sum_n: '9007199254740993' },
  ];
  assert.deepEqual(await python(script), [rows, 2]);
});

const noArrow = (noPython || !has('import pyarrow.parquet')) && 'needs python3 with pyarrow';
test('pyarrow reads Parquet and Arrow of a link with types', { skip: noArrow }, async () => {
  const script = `
import io, json, pyarrow as pa, pyarrow.parquet as pq
tables = [pq.read_table(io.BytesIO(read("export.parquet")))]
tables.append(pa.ipc.open_stream(io.BytesIO(read("export.arrow"))).read_all())
print(json.dumps([[str(t.schema.field("at").type), [str(n) for n in t.column("n").to_pylist()], t.column("city").to_pylist()] for t in tables]))
`;
  const table = ['timestamp[us, tz=UTC]', ['9007199254740993', '2'], ['a, b', 'é']];
  assert.deepEqual(await python(script), [table, table]);
});
