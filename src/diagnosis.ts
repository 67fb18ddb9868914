import type { Catalog } from './catalog/catalog.ts';
import type { NodeInstance } from './catalog/node.ts';
import { Problem } from './errors.ts';
import type { ClusterState, Diagnosis } from './http/about/diagnostics.route.ts';
import { type Checks, examine } from './readiness.ts';

/** What its check is called in all stores. */
const CATALOG = 'the catalog';

export interface DiagnosisDeps {
  readonly version: string;
  readonly checks: Checks;
  readonly catalog: Pick<Catalog, 'isShared' | 'nodes' | 'now'>;
  readonly instance: NodeInstance;
}

/** @returns a function that finds out for an administrator which parts respond, and which nodes there are */
export function diagnosis({ version, checks, catalog, instance }: DiagnosisDeps): () => Promise<Diagnosis> {
  return async () => {
    const states = await examine(checks);
    const parts = states.map(({ name, ms, error }) => ({ name, ms, problem: error && messageOf(error) }));
    if (!catalog.isShared) return { version, parts, cluster: null };
    // Otherwise these would wait for it.
    const isThere = parts.some(({ name, problem }) => name === CATALOG && problem === null);
    const unknown: ClusterState = { nodeId: instance.nodeId, clockAheadMs: null, nodes: null };
    return { version, parts, cluster: isThere ? { ...unknown, ...(await seenInCatalog(catalog)) } : unknown };
  };
}

async function seenInCatalog(catalog: DiagnosisDeps['catalog']): Promise<Omit<ClusterState, 'nodeId'>> {
  const before = Date.now();
  const databaseTime = await catalog.now();
  const clockAheadMs = Math.round((before + Date.now()) / 2 - databaseTime);
  return { clockAheadMs, nodes: await catalog.nodes() };
}

/** For administrators: with the innermost cause. No message of a store has more of its URL than host, port and name. */
function messageOf(error: Error): string {
  const message = error instanceof Problem ? error.detail : error.message;
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  const { code, message: why } = cause as NodeJS.ErrnoException;
  if (cause === error || !(why || code) || (why && message.includes(why))) return message;
  return `${message.replace(/\.$/, '')} (${why || code})`;
}
