import { StorageFailure } from '../../model/storage-failure.ts';
import type { ClickhouseServers } from './clickhouse-servers.ts';
import type { ClickhouseShard } from './clickhouse-shard.ts';

const PING_MS = 2_000;

/** Runs a read. If servers could not be reached, the failure says which do not respond. */
export async function namingMissing<T>(servers: ClickhouseServers, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw await withMissing(servers, error);
  }
}

/** The same for a read whose result arrives in parts. */
export async function* namingMissingIn<T>(servers: ClickhouseServers, parts: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* parts;
  } catch (error) {
    throw await withMissing(servers, error);
  }
}

async function withMissing(servers: ClickhouseServers, error: unknown): Promise<unknown> {
  if (!(error instanceof StorageFailure) || error.reason !== 'unavailable') return error;
  const { shards } = servers;
  const respond = await Promise.all(shards.map(responds));
  const missing = shards.flatMap((_, index) => (respond[index] ? [] : [servers.labelOf(index)]));
  return new StorageFailure('unavailable', error.message, { missing });
}

async function responds(shard: ClickhouseShard): Promise<boolean> {
  return shard.run('SELECT 1', { signal: AbortSignal.timeout(PING_MS) }).then(
    () => true,
    () => false,
  );
}
