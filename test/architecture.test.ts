import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
const IMPORTS = 'lint/style/noRestrictedImports';
const GLOBALS = 'lint/style/noRestrictedGlobals';

/** Each folder of `src/`, and those it may use. */
const MAY_USE = {
  model: [],
  csv: ['model'],
  engine: ['csv', 'model'],
  catalog: ['csv', 'model'],
  'table-store': ['engine', 'csv', 'model'],
  ingest: ['catalog', 'table-store', 'engine', 'csv', 'model'],
  analysis: ['catalog', 'table-store', 'engine', 'csv', 'model'],
  http: ['ingest', 'analysis', 'catalog', 'table-store', 'engine', 'csv', 'model'],
} as const;
type Folder = keyof typeof MAY_USE;
const FOLDERS = Object.keys(MAY_USE) as Folder[];
const PACKAGES: Partial<Record<Folder, readonly string[]>> = {
  engine: ['@duckdb/node-api', 'apache-arrow'],
  catalog: ['kysely', 'node:sqlite'],
  http: ['fastify', '@fastify/swagger'],
};

/** A file, and the rule that refuses it; null where it is as it should be. */
interface Case {
  readonly path: string;
  readonly source: string;
  readonly refusedBy: string | null;
}

function importing(specifier: string): string {
  return `import * as other from '${specifier}';\n\nexport const used = [other];\n`;
}

function* cases(): Generator<Case> {
  for (const from of FOLDERS) {
    const uses: readonly Folder[] = MAY_USE[from];
    const path = (name: string): string => `src/${from}/${name}.ts`;
    for (const to of FOLDERS.filter((folder) => folder !== from)) {
      const refusedBy = uses.includes(to) ? null : IMPORTS;
      yield { path: path(`static-${to}`), source: importing(`../${to}/other.ts`), refusedBy };
      yield { path: path(`deeper/from-${to}`), source: importing(`../../${to}/deeper/other.ts`), refusedBy };
      yield {
        path: path(`type-${to}`),
        source: `import type { Other } from '../${to}/other.ts';\n\nexport type Used = Other;\n`,
        refusedBy,
      };
      yield {
        path: path(`dynamic-${to}`),
        source: `export const other = await import('../${to}/other.ts');\n`,
        refusedBy,
      };
    }
    for (const whole of ['main', 'services', 'data-dir', 'log', 'metrics']) {
      yield { path: path(`whole-${whole}`), source: importing(`../${whole}.ts`), refusedBy: IMPORTS };
    }
    for (const [owner, names] of Object.entries(PACKAGES)) {
      for (const name of names) {
        const refusedBy = owner === from ? null : IMPORTS;
        yield { path: path(`package-${name.replaceAll(/\W/g, '-')}`), source: importing(name), refusedBy };
      }
    }
    for (const name of ['pino', 'prom-client', 'node:process', 'process']) {
      yield { path: path(`needless-${name.replace(':', '-')}`), source: importing(name), refusedBy: IMPORTS };
    }
    yield { path: path('global'), source: 'export const id = process.pid;\n', refusedBy: GLOBALS };
    yield { path: path('leaf'), source: importing('../errors.ts'), refusedBy: null };
    if (from !== 'model') {
      for (const [name, clause] of Object.entries({
        plain: '{ dangerouslyAllow }',
        named: '{ dangerouslyAllow as other }',
        all: '* as other',
      })) {
        const used = name === 'plain' ? 'dangerouslyAllow' : 'other';
        const source = `import ${clause} from '../model/customer-access.ts';\n\nexport const used = [${used}];\n`;
        yield { path: path(`access-${name}`), source, refusedBy: IMPORTS };
      }
      const source = `import type { CustomerAccess } from '../model/customer-access.ts';\n\nexport type Used = CustomerAccess;\n`;
      yield { path: path('access-type'), source, refusedBy: null };
    }
  }
  for (const leaf of ['errors', 'config', 'events', 'failpoints']) {
    const source = `import * as other from './http/other.ts';\n\nexport const used = [other];\n`;
    yield { path: `src/${leaf}.ts`, source, refusedBy: IMPORTS };
  }
  const giving = `import { dangerouslyAllow } from '../../model/customer-access.ts';\n\nexport const used = [dangerouslyAllow];\n`;
  yield { path: 'src/http/access/access.ts', source: giving, refusedBy: null };
  yield { path: 'src/main.ts', source: 'export const id = process.pid;\n', refusedBy: null };
  yield { path: 'src/engine/engine-process.ts', source: 'export const id = process.pid;\n', refusedBy: null };
  yield { path: 'src/services.ts', source: 'export const id = process.pid;\n', refusedBy: GLOBALS };
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

const all = [...cases()];
let folder: string;
let verdicts: ReadonlyMap<string, ReadonlySet<string>>;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thena-architecture-'));
  await cp(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
  await cp(join(ROOT, '.gitignore'), join(folder, '.gitignore'));
  for (const { path, source } of all) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), source);
  }
  verdicts = await lint(folder);
});

after(() => rm(folder, { recursive: true, force: true }));

/** @returns the rules that each file broke, by its path */
async function lint(cwd: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const args = [BIOME, 'lint', '.', '--reporter=json', '--max-diagnostics=none'];
  const stdout = await new Promise<string>((resolve, reject) =>
    execFile(process.execPath, args, { cwd, maxBuffer: 64 * 2 ** 20 }, (error, out) =>
      // Findings end it with 1 and a report; trouble with the configuration, without one.
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

test('the law of dependencies refuses every arrow that points the wrong way', () => {
  const passed = all.filter(({ path, refusedBy }) => refusedBy !== null && !verdicts.get(path)?.has(refusedBy));
  assert.deepEqual(passed, []);
});

test('the law of dependencies allows every other arrow', () => {
  const refused = all.filter(({ path, refusedBy }) => refusedBy === null && verdicts.has(path));
  assert.deepEqual(refused, []);
});
