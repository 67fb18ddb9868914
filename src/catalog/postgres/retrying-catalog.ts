import { setTimeout as wait } from 'node:timers/promises';
import { Problem } from '../../errors.ts';
import { CatalogUnchanged } from '../catalog-unchanged.ts';
import type { KyselyCatalog } from '../kysely/kysely-catalog.ts';
import { NoFreeConnection, NotCommitted, verdictOn } from './failures.ts';
import { Patience } from './patience.ts';
import type { ServerPresence } from './server-presence.ts';

/** How often a call is repeated because other transactions were in its way. */
const MAX_CONFLICTS = 20;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;

type Call = (...args: never[]) => Promise<unknown>;

/** How long a call waits for a server of which it is known that it is away. */
const KNOWN_AWAY_MS = 500;
/** The ends of what took long: a file was received, or loaded. They wait for a server that is known to be away, too. */
const PATIENT: ReadonlySet<string> = new Set(['markReceived', 'commitUpload', 'endAttempt', 'retag']);

/**
 * Repeats calls that conflicted with others, or lost their connection. Each of them is one transaction, or ends with one, and it is
 * certain that this was not committed.
 *
 * @param patience with a server that is away, before a call fails with the problem `catalog_unavailable`
 * @param presence once a call has waited in vain, others fail soon, until the server is back; null: all of them wait
 */
export function retryingCatalog(
  catalog: KyselyCatalog,
  patience: Patience,
  presence: ServerPresence | null = null,
): KyselyCatalog {
  const { ping, close, ...calls } = catalog;
  const retried = Object.entries(calls).map(([name, call]) => [
    name,
    repeated(call as Call, patience, PATIENT.has(name) ? null : presence),
  ]);
  // A ping asks about now.
  return { ...(Object.fromEntries(retried) as typeof calls), ping: repeated(ping, new Patience(0), null), close };
}

function repeated<Repeated extends Call>(
  call: Repeated,
  patience: Patience,
  presence: ServerPresence | null,
): Repeated {
  const repeating = async (...args: Parameters<Repeated>): Promise<unknown> => {
    const began = performance.now();
    let failure: unknown;
    for (let failures = 0; ; failures++) {
      if (presence && !(await presence.isThere(KNOWN_AWAY_MS))) throw unavailable(failure);
      try {
        return await call(...args);
      } catch (error) {
        const verdict = verdictOn(error);
        if (verdict === 'final' || (verdict === 'conflict' && failures >= MAX_CONFLICTS)) throw error;
        if (verdict === 'unknown_outcome') throw unknownOutcome(error);
        if (verdict === 'unavailable' && patience.isOver(began)) {
          presence?.miss();
          const isBusy = error instanceof NoFreeConnection && (await presence?.isThere(KNOWN_AWAY_MS));
          throw isBusy ? overloaded(error) : unavailable(error);
        }
        failure = error;
      }
      // Random, so that two calls that met do not meet again.
      await wait(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS) * (0.5 + Math.random()));
    }
  };
  return repeating as Repeated;
}

function unavailable(cause: unknown): Problem {
  const changed = cause instanceof NotCommitted ? ' The catalog was not changed.' : '';
  return new Problem('catalog_unavailable', `The catalog database does not answer.${changed}`, {}, { cause });
}

/** The server answers: looking there for the cause would be in vain. */
function overloaded(cause: unknown): Problem {
  const detail =
    'The node is overloaded: all of its connections to the catalog database are in use. The catalog was not changed.';
  return new CatalogUnchanged('catalog_unavailable', detail, {}, { cause });
}

function unknownOutcome(cause: unknown): Problem {
  const detail = 'The catalog database stopped answering during a change. Whether the change took place is unknown.';
  return new Problem('catalog_unavailable', detail, {}, { cause });
}
