import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
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

const noDuckDb =
  (noPython || !has('import duckdb, fsspec, aiohttp')) && 'needs python3 with duckdb, fsspec and aiohttp';
test('DuckDB reads only the parts of a Parquet link that a query needs', { skip: noDuckDb }, async () => {
  const rows = Array.from({ length: 300_000 }, (_, n) => `${n % 7},${(n * 2654435761) % 4294967296}`);
  await call(`${thena.url}/api/v1/customers`, { json: { customer_id: 'large' }, headers: admin });
  await upload(thena.url, 'large', `kind,noise\n${rows.join('\n')}\n`, admin);
  const passed: { readonly range: string | undefined; readonly status: number; readonly bytes: number }[] = [];
  const between = createServer(({ method, url, headers }, response) => {
    const onward = request(`${thena.url}${url}`, { method, headers }, (reply) => {
      const bytes = Number(reply.headers['content-length']);
      if (method === 'GET') passed.push({ range: headers.range, status: reply.statusCode ?? 0, bytes });
      response.writeHead(reply.statusCode ?? 0, reply.headers);
      reply.pipe(response);
    });
    onward.end();
  }).listen(0, '127.0.0.1');
  await once(between, 'listening');
  try {
    const link = `http://127.0.0.1:${(between.address() as AddressInfo).port}/api/v1/customers/large/export.parquet`;
    const script = `
import sys, datetime, duckdb, json
from fsspec.implementations.http import HTTPFileSystem
class Links(HTTPFileSystem):
    def modified(self, path): return datetime.datetime.now(datetime.timezone.utc)
link, key = sys.argv[1:]
links = Links(headers={"Authorization": f"Bearer {key}"}, block_size=65536)
duckdb.register_filesystem(links)
counts = duckdb.sql(f"SELECT kind, count(*) FROM read_parquet('{link}') GROUP BY ALL ORDER BY ALL").fetchall()
print(json.dumps([counts[0], len(counts), links.info(link)["size"]]))
`;
    const { stdout } = await promisify(execFile)('python3', ['-c', script, link, ADMIN_KEY], { timeout: 60_000 });
    const [first, kinds, size] = JSON.parse(stdout);
    assert.deepEqual([first, kinds], [[0, 42_858], 7]);
    // To find out whether a file exists, fsspec requests all of it and reads only the status.
    const parts = passed.filter(({ range }) => range !== undefined);
    assert(parts.length > 0 && parts.every(({ status }) => status === 206));
    const read = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    assert(read < size / 2, `${read} of ${size} bytes`);
  } finally {
    between.close();
  }
});
