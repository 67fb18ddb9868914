import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';
import { serverFolder } from './server-folder.ts';
import { type ServerProcess, serverProcess } from './server-process.ts';

const PROCESS = fileURLToPath(new URL('clickhouse-process.mjs', import.meta.url));

/** The name of the cluster in `system.clusters`, if there are several shards. */
export const CLUSTER = 'shards';

/** A profile whose settings change what statements mean, or refuse them, unless they name them. */
export const ODD_PROFILE = {
  limit: 1,
  offset: 1,
  additional_result_filter: '1 = 0',
  empty_result_for_aggregation_by_empty_set: 1,
  bool_true_representation: 'yes',
  bool_false_representation: 'no',
  use_variant_as_common_type: 1,
  transform_null_in: 1,
  session_timezone: 'Asia/Kathmandu',
  group_by_use_nulls: 1,
  aggregate_functions_null_for_empty: 1,
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_64bit_floats: 1,
  max_table_size_to_drop: 1,
} as const;

/** The name of the same cluster, in which all passwords are wrong. */
export const LOCKED_CLUSTER = 'locked';

/** The rights that the documentation asks for, in all databases whose names begin with `thena`. */
const DOCUMENTATION = readFileSync(fileURLToPath(new URL('../../docs/cluster.md', import.meta.url)), 'utf8');
const GRANTS = [...DOCUMENTATION.matchAll(/^ *(GRANT .*) TO thena;/gm)].map(([, grant = '']) =>
  grant.replace('thena.*', 'thena*.*'),
);
const USER = { username: 'thena', password: 'se/cret' };
const usersWith = (
  profile: string,
): string => `<clickhouse><profiles><default>${profile}</default></profiles><quotas><default/></quotas><users>
<default><password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default>
<${USER.username}><password>${USER.password}</password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
<grants>${GRANTS.map((grant) => `<query>${grant}</query>`).join('')}</grants></${USER.username}></users></clickhouse>`;

/** The name of a cluster that consists of the first servers only. */
export function clusterOfFirst(servers: number): string {
  return `${CLUSTER}_${servers}`;
}

export interface ClickhouseServers {
  /** A server for each shard. */
  readonly shards: readonly ServerProcess[];
  /** Their HTTP URLs, in the same order, of a user who may do everything. */
  readonly urls: readonly string[];
  /** Ends the servers and removes their files. */
  remove(): Promise<void>;
}

/** Why there is no ClickHouse on this platform; null if there is one. */
export const NO_CLICKHOUSE: string | null =
  libraryPath() === null ? `no ClickHouse for ${process.platform}-${process.arch}` : null;

/** The URL of a database whose name begins with `thena`, for a user who may do what a node needs there, and nothing else. */
export function asNode(url: string, database: string): string {
  return Object.assign(new URL(url), { ...USER, pathname: `/${database}` }).href;
}

/** Starts real ClickHouse servers on free ports, with files of their own. */
export async function startClickhouse({
  shards = 1,
  profile = {},
  folder: parent = serverFolder(),
}: {
  readonly shards?: number;
  /** Settings that statements have unless they say otherwise. */
  readonly profile?: Readonly<Record<string, string | number>>;
  readonly folder?: string | undefined;
} = {}): Promise<ClickhouseServers> {
  const library = libraryPath();
  if (library === null) throw new Error(NO_CLICKHOUSE ?? undefined);
  const folder = mkdtempSync(join(parent, 'thena-clickhouse-'));
  const ports = await Promise.all(
    Array.from({ length: shards }, async () => ({ http: await freePort(), tcp: await freePort() })),
  );
  const member = (tcp: number, user = '') =>
    `<shard><replica><host>127.0.0.1</host><port>${tcp}</port>${user}</replica></shard>`;
  const members = ports.map(({ tcp }) => member(tcp));
  const locked = ports.map(({ tcp }) => member(tcp, `<user>${USER.username}</user><password>wrong</password>`));
  const parts = members.map((_, index) => [clusterOfFirst(index + 1), members.slice(0, index + 1)] as const);
  const clusters = [[CLUSTER, members] as const, [LOCKED_CLUSTER, locked] as const, ...parts].map(
    ([name, of]) => `<${name}>${of.join('')}</${name}>`,
  );
  const settings = Object.entries(profile).map(([name, value]) => `<${name}>${value}</${name}>`);
  const servers = ports.map(({ http, tcp }, index) => {
    const own = join(folder, String(index));
    mkdirSync(own);
    const config = join(own, 'config.xml');
    writeFileSync(
      config,
      `<clickhouse><listen_host>127.0.0.1</listen_host><http_port>${http}</http_port><tcp_port>${tcp}</tcp_port>
<path>${own}/store/</path><tmp_path>${own}/tmp/</tmp_path><mark_cache_size>67108864</mark_cache_size>
<max_server_memory_usage>4000000000</max_server_memory_usage>
<access_control_improvements><select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
<table_engines_require_grant>true</table_engines_require_grant></access_control_improvements>
<users_config>${join(own, 'users.xml')}</users_config>
<remote_servers replace="1">${shards > 1 ? clusters.join('') : ''}</remote_servers></clickhouse>`,
    );
    writeFileSync(join(own, 'users.xml'), usersWith(settings.join('')));
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
