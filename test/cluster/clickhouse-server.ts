import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';
import { serverFolder } from './server-folder.ts';
import { type ServerProcess, serverProcess } from './server-process.ts';

const PROCESS = fileURLToPath(new URL('clickhouse-process.mjs', import.meta.url));

/** The name of the cluster in `system.clusters`, if there are several shards. */
export const CLUSTER = 'shards';

/** The name of a cluster that consists of the first servers only. */
export function clusterOfFirst(servers: number): string {
  return `${CLUSTER}_${servers}`;
}

export interface ClickhouseServers {
  /** A server for each shard. */
  readonly shards: readonly ServerProcess[];
  /** Their HTTP URLs, in the same order. */
  readonly urls: readonly string[];
  /** Ends the servers and removes their files. */
  remove(): Promise<void>;
}

/** Why there is no ClickHouse on this platform; null if there is one. */
export const NO_CLICKHOUSE: string | null =
  libraryPath() === null ? `no ClickHouse for ${process.platform}-${process.arch}` : null;

/** Starts real ClickHouse servers on free ports, with files of their own. */
export async function startClickhouse({ shards = 1 } = {}): Promise<ClickhouseServers> {
  const library = libraryPath();
  if (library === null) throw new Error(NO_CLICKHOUSE ?? undefined);
  const folder = mkdtempSync(join(serverFolder(), 'thena-clickhouse-'));
  const ports = await Promise.all(
    Array.from({ length: shards }, async () => ({ http: await freePort(), tcp: await freePort() })),
  );
  const members = ports.map(({ tcp }) => `<shard><replica><host>127.0.0.1</host><port>${tcp}</port></replica></shard>`);
  const parts = members.map((_, index) => [clusterOfFirst(index + 1), members.slice(0, index + 1)] as const);
  const clusters = [[CLUSTER, members] as const, ...parts].map(([name, of]) => `<${name}>${of.join('')}</${name}>`);
  const servers = ports.map(({ http, tcp }, index) => {
    const own = join(folder, String(index));
    mkdirSync(own);
    const config = join(own, 'config.xml');
    writeFileSync(
      config,
      `<clickhouse><listen_host>127.0.0.1</listen_host><http_port>${http}</http_port><tcp_port>${tcp}</tcp_port>
<path>${own}/store/</path><tmp_path>${own}/tmp/</tmp_path><mark_cache_size>67108864</mark_cache_size>
<max_server_memory_usage>4000000000</max_server_memory_usage>
<remote_servers replace="1">${shards > 1 ? clusters.join('') : ''}</remote_servers></clickhouse>`,
    );
    const log = join(own, 'log');
    const output = openSync(log, 'a');
    return serverProcess(
      [process.execPath, '--experimental-ffi', '--no-warnings', PROCESS, library, config, join(own, 'store')],
      { stdio: ['ignore', output, output] },
      log,
      () =>
        fetch(`http://127.0.0.1:${http}/ping`).then(
          ({ ok }) => ok,
          () => false,
        ),
    );
  });
  await Promise.all(servers.map((server) => server.start()));
  return {
    shards: servers,
    urls: ports.map(({ http }) => `http://127.0.0.1:${http}`),
    async remove() {
      await Promise.all(servers.map((server) => server.kill()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function libraryPath(): string | null {
  try {
    const entry = createRequire(import.meta.url).resolve('@chdb/lib-linux-x64-gnu/package.json');
    return join(dirname(entry), 'libchdb.so');
  } catch {
    return null;
  }
}
