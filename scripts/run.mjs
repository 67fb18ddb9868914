/**
 * Runs every npm script: installs missing packages, builds the web page if the command needs it, then runs the command on the Node
 * that the lockfile pins, independent of the machine's own Node. Plain JavaScript without dependencies, for Node 20 and later. See docs/decisions/0001.
 *
 *   node scripts/run.mjs start | test | check | format | sample | bench | bench:faulty | bench:queries | bench:costs |
 *     bench:judged | bench:clickhouse | bench:clickhouse-upload | bench:clickhouse-queries | bench:clickhouse-exports |
 *     bench:nodes | build:wasm | build:openapi | build:package | build:page | build:tour [arguments]
 */
import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from './build-page.mjs';
import { findRuntime } from './find-runtime.mjs';
import { launch } from './launch.mjs';
import { SetUpError, setUp } from './set-up.mjs';
import { inTestFolders } from './test-folders.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIOME = 'node_modules/@biomejs/biome/bin/biome';
const LEAST_LAUNCHER_MAJOR = 20;
const TEST_TIMEOUT_MS = 300_000;

/** For each npm script: whether it needs the development packages, the web page and folders for tests, and what it runs, as arguments of the runtime. */
const TASKS = {
  start: { dev: false, page: true, channel: true, runs: (args) => [['src/main.ts', ...args]] },
  sample: { dev: false, runs: (args) => [['scripts/sample.ts', ...args]] },
  test: { dev: true, page: true, folders: true, runs: (args) => [testCommand(args)] },
  check: {
    dev: true,
    runs: () => [
      ['node_modules/typescript/bin/tsc', '-p', '.'],
      ['node_modules/typescript/bin/tsc', '-p', 'ui'],
      [BIOME, 'ci', `--colors=${process.stdout.isTTY ? 'force' : 'off'}`, '.'],
      ['scripts/check-wording.mjs'],
    ],
  },
  format: { dev: true, runs: (args) => [[BIOME, 'check', '--write', ...(args.length > 0 ? args : ['.'])]] },
  bench: { dev: true, runs: (args) => [['bench/run.ts', ...args]] },
  'bench:faulty': { dev: true, runs: (args) => [['bench/faulty.ts', ...args]] },
  'bench:queries': { dev: true, runs: (args) => [['bench/queries.ts', ...args]] },
  'bench:costs': { dev: true, runs: (args) => [['bench/costs.ts', ...args]] },
  'bench:judged': { dev: true, runs: (args) => [['bench/judged.ts', ...args]] },
  'bench:clickhouse': { dev: true, runs: (args) => [['bench/clickhouse.ts', ...args]] },
  'bench:clickhouse-upload': { dev: true, runs: (args) => [['bench/clickhouse-upload.ts', ...args]] },
  'bench:clickhouse-queries': { dev: true, runs: (args) => [['bench/clickhouse-queries.ts', ...args]] },
  'bench:clickhouse-exports': { dev: true, runs: (args) => [['bench/clickhouse-exports.ts', ...args]] },
  'bench:nodes': { dev: true, runs: (args) => [['bench/nodes.ts', ...args]] },
  'build:page': { dev: false, page: true, runs: () => [] },
  'build:tour': { dev: true, page: true, runs: (args) => [['scripts/build-tour.ts', ...args]] },
  'build:package': { dev: true, page: true, runs: () => [['scripts/build-package.mjs']] },
  'build:wasm': { dev: true, runs: (args) => [['scripts/build-wasm.mjs', ...args]] },
  'build:openapi': {
    dev: true,
    runs: () => [['scripts/build-openapi.ts'], [BIOME, 'format', '--write', 'docs/openapi.json']],
  },
};

/**
 * Files and folders among the arguments select the tests, `--coverage` adds the coverage of src/; all other arguments are passed
 * to Node's test runner.
 */
function testCommand(allArgs) {
  const withCoverage = allArgs.includes('--coverage');
  const args = allArgs.filter((arg) => arg !== '--coverage');
  const isPath = (arg) => !arg.startsWith('-') && (/[*]|\.ts$/.test(arg) || existsSync(join(ROOT, arg)));
  const isFolder = (arg) => existsSync(join(ROOT, arg)) && statSync(join(ROOT, arg)).isDirectory();
  const paths = args.filter(isPath).map((arg) => (isFolder(arg) ? join(arg, '**/*.test.ts') : arg));
  return [
    ...(withCoverage ? ['--experimental-test-coverage', '--test-coverage-include=src/**/*.ts'] : []),
    '--test',
    // `spec` is the most readable of Node's reporters; ours ends with the failed tests and the counts in every case.
    `--test-reporter=${process.stdout.isTTY && !process.env.CI ? 'spec' : './scripts/test-reporter.mjs'}`,
    // Most tests wait for a process that they started: two at a time leave a fifth of two processors idle.
    `--test-concurrency=${Math.max(3, availableParallelism() - 1)}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...args.filter((arg) => !isPath(arg)),
    ...(paths.length > 0 ? paths : ['test/**/*.test.ts']),
  ];
}

async function run([name, ...args]) {
  const task = Object.hasOwn(TASKS, name ?? '') ? TASKS[name] : undefined;
  if (!task) throw new SetUpError(`Unknown command. Use one of: ${Object.keys(TASKS).join(', ')}.`);
  if (Number.parseInt(process.versions.node, 10) < LEAST_LAUNCHER_MAJOR) {
    throw new SetUpError(
      `Node.js ${process.versions.node} is too old. Install Node.js ${LEAST_LAUNCHER_MAJOR} or later.`,
    );
  }
  await setUp(ROOT, task.dev);
  const runtime = findRuntime(ROOT);
  // Without the cache, stripping types and compiling take a third of the startup time.
  const env = { NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/node'), ...process.env };
  // A variable of the tests: the server refuses settings it does not know.
  if (name === 'start') delete env.THENA_REAL_FILES;
  if (task.page) await buildPage(ROOT, runtime);
  let exitCode = 0;
  for (const runtimeArgs of task.runs(args)) {
    const runIn = (folders) =>
      launch(runtime, runtimeArgs, { cwd: ROOT, env: { ...env, ...folders }, channel: task.channel });
    const code = await (task.folders ? inTestFolders(runIn) : runIn({}));
    exitCode ||= code;
    // Interrupted by the user: skip the rest.
    if (code > 128) break;
  }
  return exitCode;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  process.stderr.write(`Thena: ${error.message}\n`);
  process.exitCode = error.exitCode ?? 1;
}
