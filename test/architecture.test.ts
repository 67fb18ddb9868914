import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
const LAW = 'plugin';
const GLOBALS = 'lint/style/noRestrictedGlobals';

/** Each folder of `src/` that has rules of its own, and the folders that it may import. */
const MAY_IMPORT = {
  api: [],
  model: [],
  csv: ['model'],
  engine: ['csv', 'model'],
  'csv-reader': ['csv', 'model'],
  'csv-reader/duckdb': ['engine', 'csv', 'model'],
  'table-store': ['csv', 'model'],
  'table-store/sql': ['csv', 'model'],
  'table-store/duckdb': ['engine', 'csv', 'model'],
  'table-store/clickhouse': ['engine', 'csv', 'model'],
  catalog: ['csv', 'model'],
  ingest: ['catalog', 'table-store', 'csv-reader', 'csv', 'model'],
  analysis: ['catalog', 'table-store', 'csv-reader', 'csv', 'model'],
  webhooks: ['catalog', 'model'],
  move: ['ingest', 'catalog', 'table-store', 'csv-reader', 'csv', 'model'],
  http: ['api', 'ingest', 'analysis', 'webhooks', 'catalog', 'table-store', 'csv-reader', 'csv', 'model'],
} as const;
type Folder = keyof typeof MAY_IMPORT;
const FOLDERS = Object.keys(MAY_IMPORT) as Folder[];
const LEAVES = [
  'certificate-refusal',
  'cluster-settings',
  'config',
  'disk-space',
  'durable',
  'errors',
  'events',
  'failpoints',
  'fair-semaphore',
  'resident-memory',
  'setting-error',
];
const ADAPTERS = [
  'csv-reader/duckdb',
  'table-store/duckdb',
  'table-store/clickhouse',
  'catalog/kysely',
  'catalog/sqlite',
  'catalog/postgres',
];
/** The rooms of `src/ingest/`, and those that each may import. */
const INGEST_ROOMS: Readonly<Record<string, readonly string[]>> = {
  manage: ['upkeep', 'preview', 'resumable', 'receive', 'load', 'spool', 'progress'],
  upkeep: ['resumable', 'receive', 'load', 'spool', 'progress'],
  preview: ['receive', 'load', 'spool', 'progress'],
  resumable: ['receive', 'load', 'spool', 'progress'],
  receive: ['load', 'spool', 'progress'],
  load: ['spool', 'progress'],
  spool: [],
  progress: [],
};
/** Packages, and the folders that may import them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@duckdb/node-api': ['engine'],
  'apache-arrow': ['engine'],
  '@clickhouse/client': ['table-store/clickhouse'],
  kysely: ['catalog'],
  'kysely/migration': ['catalog'],
  'node:sqlite': ['catalog'],
  '@aws-sdk/client-s3': ['ingest'],
  pg: ['catalog'],
  'ipaddr.js': ['webhooks'],
  standardwebhooks: ['webhooks'],
  fastify: ['http'],
  '@fastify/swagger': ['http'],
  '@tus/server': ['http'],
  typebox: ['api', 'http'],
  pino: [],
  'prom-client': [],
  'node:process': [],
  process: [],
};

/** A file, and the rule that refuses it; null if it is allowed. */
interface Case {
  readonly path: string;
  readonly source: string;
  readonly refusedBy: string | null;
}

const importing = (specifier: string): string =>
  `import * as other from '${specifier}';\n\nexport const used = [other];\n`;

/** Every form of an import of a module. */
const IMPORTS: Readonly<Record<string, (specifier: string) => string>> = {
  static: importing,
  type: (specifier) => `import type { Other } from '${specifier}';\n\nexport type Used = Other;\n`,
  'inline-type': (specifier) => `export type Used = import('${specifier}').Other;\n`,
  dynamic: (specifier) => `export const other = await import('${specifier}');\n`,
  'side-effect': (specifier) => `import '${specifier}';\n`,
};

function* cases(): Generator<Case> {
  for (const from of FOLDERS) yield* casesOf(from);
  yield* ingestCases();
  yield* pageCases();
  yield* clientCases();
  for (const leaf of LEAVES) {
    const nearest = leaf === 'events' ? 'csv' : 'model';
    yield { path: `src/${leaf}.ts`, source: importing(`./${nearest}/other.ts`), refusedBy: LAW };
  }
  yield { path: 'src/log.ts', source: importing('pino'), refusedBy: null };
  yield { path: 'src/metrics.ts', source: importing('prom-client'), refusedBy: null };
  yield { path: 'src/data-dir.ts', source: importing('node:sqlite'), refusedBy: null };
  const adapters = ADAPTERS.map((adapter) => `await import('./${adapter}/other.ts')`);
  yield { path: 'src/services.ts', source: `export const all = [${adapters.join(', ')}];\n`, refusedBy: null };
  const allowing = `import { dangerouslyAllow } from '../../model/customer-access.ts';\n\nexport const used = [dangerouslyAllow];\n`;
  yield { path: 'src/http/access/access.ts', source: allowing, refusedBy: null };
  yield { path: 'src/main.ts', source: 'export const id = process.pid;\n', refusedBy: null };
  yield { path: 'src/move-main.ts', source: 'export const id = process.pid;\n', refusedBy: null };
  yield { path: 'src/engine/engine-process.ts', source: 'export const id = process.pid;\n', refusedBy: null };
  yield { path: 'src/global.ts', source: 'export const id = process.pid;\n', refusedBy: GLOBALS };
  yield {
    path: 'src/model/barrel.ts',
    source: `export { used } from './ring-a.ts';\n`,
    refusedBy: 'lint/performance/noBarrelFile',
  };
  for (const [here, there] of [
    ['a', 'b'],
    ['b', 'a'],
  ]) {
    const source = `import { ${there} } from './ring-${there}.ts';\n\nexport const ${here} = () => ${there};\n`;
    yield { path: `src/model/ring-${here}.ts`, source, refusedBy: 'lint/suspicious/noImportCycles' };
  }
}

/** What a file of a folder may import, and what it may not. */
function* casesOf(from: Folder): Generator<Case> {
  const top = from.split('/', 1)[0] ?? '';
  const up = '../'.repeat(from.split('/').length);
  const allowed: readonly string[] = MAY_IMPORT[from];
  const path = (name: string): string => `src/${from}/${name.replaceAll(/\W/g, '-')}.ts`;
  for (const to of FOLDERS) {
    // What lies below a port is an adapter, and covered below.
    if (to.includes('/') || to === top) continue;
    const refusedBy = allowed.includes(to) ? null : LAW;
    for (const [form, write] of Object.entries(IMPORTS)) {
      yield { path: path(`${form}-${to}`), source: write(`${up}${to}/other.ts`), refusedBy };
    }
    if (!from.includes('/') && !['csv-reader', 'table-store'].includes(from)) {
      const source = importing(`../${up}${to}/deeper/other.ts`);
      yield { path: `src/${from}/deeper/from-${to}.ts`, source, refusedBy };
    }
  }
  for (const whole of [
    'main',
    'services',
    'move-main',
    'move-services',
    'stores',
    'readiness',
    'diagnosis',
    'data-dir',
    'log',
    'metrics',
  ]) {
    yield { path: path(`whole-${whole}`), source: importing(`${up}${whole}.ts`), refusedBy: LAW };
  }
  for (const leaf of LEAVES) {
    const refusedBy = from === 'api' ? LAW : null;
    yield { path: path(`leaf-${leaf}`), source: importing(`${up}${leaf}.ts`), refusedBy };
  }
  if (from.startsWith('table-store/')) {
    for (const room of ['sql', 'duckdb', 'clickhouse']) {
      const refusedBy = room === 'sql' || from.endsWith(room) ? null : LAW;
      yield { path: path(`room-${room}`), source: importing(`../${room}/other.ts`), refusedBy };
    }
  }
  for (const adapter of ADAPTERS) {
    if (adapter.startsWith(`${top}/`)) continue;
    yield { path: path(`adapter-${adapter}`), source: importing(`${up}${adapter}/other.ts`), refusedBy: LAW };
  }
  for (const [name, owners] of Object.entries(PACKAGES)) {
    const refusedBy = owners.includes(top) || owners.includes(from) ? null : LAW;
    yield { path: path(`package-${name}`), source: importing(name), refusedBy };
  }
  yield { path: path('global'), source: 'export const id = process.pid;\n', refusedBy: GLOBALS };
  if (top === 'model' || top === 'api') return;
  for (const [name, clause] of Object.entries({
    plain: '{ dangerouslyAllow }',
    named: '{ dangerouslyAllow as other }',
    all: '* as other',
  })) {
    const used = name === 'plain' ? 'dangerouslyAllow' : 'other';
    const source = `import ${clause} from '${up}model/customer-access.ts';\n\nexport const used = [${used}];\n`;
    yield { path: path(`access-${name}`), source, refusedBy: LAW };
  }
  const dynamic = `export const other = await import('${up}model/customer-access.ts');\n`;
  yield { path: path('access-dynamic'), source: dynamic, refusedBy: LAW };
  const source = `import type { CustomerAccess } from '${up}model/customer-access.ts';\n\nexport type Used = CustomerAccess;\n`;
  yield { path: path('access-type'), source, refusedBy: null };
}

function* ingestCases(): Generator<Case> {
  for (const [from, allowed] of Object.entries(INGEST_ROOMS)) {
    const path = (name: string): string => `src/ingest/${from}/${name}.ts`;
    for (const to of Object.keys(INGEST_ROOMS).filter((room) => room !== from)) {
      const refusedBy = allowed.includes(to) ? null : LAW;
      for (const [form, write] of Object.entries(IMPORTS)) {
        yield { path: path(`${form}-${to}`), source: write(`../${to}/other.ts`), refusedBy };
      }
    }
    yield { path: path('root'), source: importing('../ingest.ts'), refusedBy: LAW };
    yield { path: path('same-room'), source: importing('./other.ts'), refusedBy: null };
    yield { path: path('catalog'), source: importing('../../catalog/other.ts'), refusedBy: null };
  }
  const rooms = Object.keys(INGEST_ROOMS).map((room) => `await import('./${room}/other.ts')`);
  yield { path: 'src/ingest/ingest.ts', source: `export const all = [${rooms.join(', ')}];\n`, refusedBy: null };
}

/** Each folder of `ui/`, and what it may import. */
const PAGE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  app: ['screens', 'parts', 'data', 'design'],
  screens: ['parts', 'data', 'design'],
  parts: ['data', 'design'],
  data: [],
  design: [],
};

function* pageCases(): Generator<Case> {
  const type = IMPORTS.type ?? importing;
  for (const [from, allowed] of Object.entries(PAGE_ROOMS)) {
    // A screen has a folder of its own.
    const folder = from === 'screens' ? 'ui/screens/one' : `ui/${from}`;
    const up = from === 'screens' ? '../../' : '../';
    const path = (name: string): string => `${folder}/${name}.tsx`;
    for (const to of Object.keys(PAGE_ROOMS).filter((room) => room !== from)) {
      const refusedBy = allowed.includes(to) ? null : LAW;
      yield { path: path(`static-${to}`), source: importing(`${up}${to}/other.tsx`), refusedBy };
      const dynamic = `export const other = await import('${up}${to}/other.tsx');\n`;
      yield { path: path(`dynamic-${to}`), source: dynamic, refusedBy };
    }
    const api = from === 'design' ? LAW : null;
    yield { path: path('api-type'), source: type(`${up}../src/api/other.ts`), refusedBy: api };
    yield { path: path('api-value'), source: importing(`${up}../src/api/other.ts`), refusedBy: LAW };
    yield { path: path('src-type'), source: type(`${up}../src/model/other.ts`), refusedBy: LAW };
    const client = from === 'design' ? LAW : null;
    yield { path: path('client'), source: importing(`${up}../client/other.ts`), refusedBy: client };
    yield { path: path('same-room'), source: importing('./other.tsx'), refusedBy: null };
  }
  yield { path: 'ui/screens/one/sibling.tsx', source: importing('../two/other.tsx'), refusedBy: LAW };
  yield { path: 'ui/data/deeper/up.ts', source: importing('../other.ts'), refusedBy: null };
  yield { path: 'src/http/page-import.ts', source: importing('../../ui/other.ts'), refusedBy: LAW };
}

/** The client knows the types of the API, and the command line its schemas, too. */
function* clientCases(): Generator<Case> {
  for (const [form, write] of Object.entries(IMPORTS)) {
    const isType = form === 'type' || form === 'inline-type';
    yield { path: `client/${form}-api.ts`, source: write('../src/api/other.ts'), refusedBy: isType ? null : LAW };
    yield { path: `client/${form}-model.ts`, source: write('../src/model/other.ts'), refusedBy: LAW };
    yield { path: `client/${form}-cli.ts`, source: write('../cli/other.ts'), refusedBy: LAW };
    yield { path: `client/${form}-node.ts`, source: write('node:fs'), refusedBy: LAW };
    yield { path: `client/${form}-same.ts`, source: write('./other.ts'), refusedBy: null };
    yield { path: `cli/${form}-api.ts`, source: write('../src/api/other.ts'), refusedBy: null };
    yield { path: `cli/commands/${form}-client.ts`, source: write('../../client/other.ts'), refusedBy: null };
    yield { path: `cli/${form}-errors.ts`, source: write('../src/errors.ts'), refusedBy: LAW };
    yield { path: `cli/commands/${form}-http.ts`, source: write('../../src/http/other.ts'), refusedBy: LAW };
  }
  yield { path: 'client/open-file.ts', source: importing('node:fs'), refusedBy: null };
  for (const name of ['test/any', 'test/client/any', 'test/cli/any', 'harness/any', 'bench/any']) {
    const up = '../'.repeat(name.split('/').length - 1);
    const source = `${importing(`${up}src/engine/other.ts`)}export const more = import('fastify');\n`;
    yield { path: `${name}.ts`, source, refusedBy: null };
  }
}

const all = [...cases()];
let folder: string;
let verdicts: ReadonlyMap<string, ReadonlySet<string>>;

before(async () => {
  assert.equal(new Set(all.map(({ path }) => path)).size, all.length, 'two cases are written to the same file');
  folder = await mkdtemp(join(tmpdir(), 'thena-architecture-'));
  // Many people have their projects in a folder with this name.
  const project = join(folder, 'src/thena');
  await mkdir(project, { recursive: true });
  for (const name of ['biome.json', 'architecture.grit', 'architecture-page.grit', '.gitignore'])
    await cp(join(ROOT, name), join(project, name));
  for (const { path, source } of all) {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), source);
  }
  verdicts = await lint(project);
});

after(() => rm(folder, { recursive: true, force: true }));

/** @returns the rules that each file breaks, by its path */
async function lint(cwd: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const args = [BIOME, 'lint', '.', '--reporter=json', '--max-diagnostics=none'];
  const stdout = await new Promise<string>((resolve, reject) =>
    execFile(process.execPath, args, { cwd, maxBuffer: 64 * 2 ** 20 }, (error, out) =>
      // It exits with 1 and a report if it finds something, and without a report if the configuration is invalid.
      out.startsWith('{') ? resolve(out) : reject(error ?? new Error('Biome reported nothing')),
    ),
  );
  const found = new Map<string, Set<string>>();
  for (const { category, location } of JSON.parse(stdout).diagnostics) {
    const path = location.path.file ?? location.path;
    found.set(path, (found.get(path) ?? new Set()).add(category));
  }
  return found;
}

test('refuses every import that points the wrong way', () => {
  const passed = all.filter(({ path, refusedBy }) => refusedBy !== null && !verdicts.get(path)?.has(refusedBy));
  assert.deepEqual(passed, []);
});

test('allows every other import', () => {
  const refused = all.filter(({ path, refusedBy }) => refusedBy === null && verdicts.has(path));
  assert.deepEqual(refused, []);
});

test('names every folder of src/, src/ingest/ and ui/', async () => {
  const foldersIn = async (path: string): Promise<string[]> =>
    (await readdir(join(ROOT, path), { withFileTypes: true }))
      .filter((each) => each.isDirectory())
      .map(({ name }) => name);
  assert.deepEqual(
    (await foldersIn('src')).filter((name) => !(name in MAY_IMPORT)),
    [],
  );
  assert.deepEqual((await foldersIn('src/ingest')).toSorted(), Object.keys(INGEST_ROOMS).toSorted());
  assert.deepEqual((await foldersIn('ui')).toSorted(), Object.keys(PAGE_ROOMS).toSorted());
});
