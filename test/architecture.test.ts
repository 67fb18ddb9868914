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

/** Each folder of `src/`, and the folders it may import from. */
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

/** A file, and the lint rule it breaks; null if it breaks none. */
interface Case {
  readonly path: string;
  readonly source: string;
  readonly brokenRule: string | null;
}

function importing(specifier: string): string {
  return `import * as other from '${specifier}';\n\nexport const used = [other];\n`;
}

function* cases(): Generator<Case> {
  for (const from of FOLDERS) {
    const uses: readonly Folder[] = MAY_USE[from];
    const path = (name: string): string => `src/${from}/${name}.ts`;
    for (const to of FOLDERS.filter((folder) => folder !== from)) {
      const brokenRule = uses.includes(to) ? null : IMPORTS;
      yield { path: path(`static-${to}`), source: importing(`../${to}/other.ts`), brokenRule };
      yield { path: path(`deeper/from-${to}`), source: importing(`../../${to}/deeper/other.ts`), brokenRule };
      yield {
        path: path(`type-${to}`),
        source: `import type { Other } from '../${to}/other.ts';\n\nexport type Used = Other;\n`,
        brokenRule,
      };
      yield {
        path: path(`dynamic-${to}`),
        source: `export const other = await import('../${to}/other.ts');\n`,
        brokenRule,
      };
    }
    for (const whole of ['main', 'services', 'data-dir', 'log', 'metrics']) {
      yield { path: path(`whole-${whole}`), source: importing(`../${whole}.ts`), brokenRule: IMPORTS };
    }
    for (const [owner, names] of Object.entries(PACKAGES)) {
      for (const name of names) {
        const brokenRule = owner === from ? null : IMPORTS;
        yield { path: path(`package-${name.replaceAll(/\W/g, '-')}`), source: importing(name), brokenRule };
      }
    }
    for (const name of ['pino', 'prom-client', 'node:process', 'process']) {
      yield { path: path(`forbidden-${name.replace(':', '-')}`), source: importing(name), brokenRule: IMPORTS };
    }
    yield { path: path('global'), source: 'export const id = process.pid;\n', brokenRule: GLOBALS };
    yield { path: path('leaf'), source: importing('../errors.ts'), brokenRule: null };
    if (from !== 'model') {
      for (const [name, clause] of Object.entries({
        plain: '{ dangerouslyAllow }',
        named: '{ dangerouslyAllow as other }',
        all: '* as other',
      })) {
        const used = name === 'plain' ? 'dangerouslyAllow' : 'other';
        const source = `import ${clause} from '../model/customer-access.ts';\n\nexport const used = [${used}];\n`;
        yield { path: path(`access-${name}`), source, brokenRule: IMPORTS };
      }
      const source = `import type { CustomerAccess } from '../model/customer-access.ts';\n\nexport type Used = CustomerAccess;\n`;
      yield { path: path('access-type'), source, brokenRule: null };
    }
  }
  for (const leaf of ['errors', 'config', 'events', 'failpoints']) {
    const source = `import * as other from './http/other.ts';\n\nexport const used = [other];\n`;
    yield { path: `src/${leaf}.ts`, source, brokenRule: IMPORTS };
  }
  const granting = `import { dangerouslyAllow } from '../../model/customer-access.ts';\n\nexport const used = [dangerouslyAllow];\n`;
  yield { path: 'src/http/access/access.ts', source: granting, brokenRule: null };
  yield { path: 'src/main.ts', source: 'export const id = process.pid;\n', brokenRule: null };
  yield { path: 'src/engine/engine-process.ts', source: 'export const id = process.pid;\n', brokenRule: null };
  yield { path: 'src/services.ts', source: 'export const id = process.pid;\n', brokenRule: GLOBALS };
  yield {
    path: 'src/model/barrel.ts',
    source: `export { used } from './ring-a.ts';\n`,
    brokenRule: 'lint/performance/noBarrelFile',
  };
  for (const [here, there] of [
    ['a', 'b'],
    ['b', 'a'],
  ]) {
    const source = `import { ${there} } from './ring-${there}.ts';\n\nexport const ${here} = () => ${there};\n`;
    yield { path: `src/model/ring-${here}.ts`, source, brokenRule: 'lint/suspicious/noImportCycles' };
  }
}

const all = [...cases()];
let folder: string;
let brokenRules: ReadonlyMap<string, ReadonlySet<string>>;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thena-architecture-'));
  await cp(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
  await cp(join(ROOT, '.gitignore'), join(folder, '.gitignore'));
  for (const { path, source } of all) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), source);
  }
  brokenRules = await lint(folder);
});

after(() => rm(folder, { recursive: true, force: true }));

/** @returns the rules that each file breaks, by its path */
async function lint(cwd: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const args = [BIOME, 'lint', '.', '--reporter=json', '--max-diagnostics=none'];
  const stdout = await new Promise<string>((resolve, reject) =>
    execFile(process.execPath, args, { cwd, maxBuffer: 64 * 2 ** 20 }, (error, out) =>
      // Biome exits with 1 both for findings, with a report, and for an invalid configuration, without one.
      out.startsWith('{') ? resolve(out) : reject(error ?? new Error('Biome reported nothing')),
    ),
  );
  const found = new Map<string, Set<string>>();
  for (const { category, location } of JSON.parse(stdout).diagnostics) {
    const path = (location.path.file ?? location.path).replaceAll('\\', '/');
    found.set(path, (found.get(path) ?? new Set()).add(category));
  }
  return found;
}

test('the dependency rules reject every forbidden import', () => {
  const passed = all.filter(({ path, brokenRule }) => brokenRule !== null && !brokenRules.get(path)?.has(brokenRule));
  assert.deepEqual(passed, []);
});

test('the dependency rules allow every other import', () => {
  const rejected = all.filter(({ path, brokenRule }) => brokenRule === null && brokenRules.has(path));
  assert.deepEqual(rejected, []);
});
