import { Problem } from '../errors.ts';
import type { CustomerAccess } from '../model/customer-access.ts';
import type { CustomerId } from '../model/ids.ts';
import { cancelledRead } from './incomplete-read.ts';

/** An analysis that is waiting for a slot or running. */
export interface RunningAnalysis {
  readonly id: string;
  /** The name of its type; `query` for a query. */
  readonly name: string;
  readonly startedAt: Date;
  /** From 0 to 1; null if it is unknown, as it is before the query starts. */
  readonly fractionDone: number | null;
}

/** Called when the query of an analysis is known, with a function that returns its progress. */
export type OnQuery = (fractionDone: () => number | null) => void;

interface Entry extends Omit<RunningAnalysis, 'fractionDone'> {
  readonly customerId: CustomerId;
  readonly controller: AbortController;
  fractionDone: () => number | null;
}

/** The analyses in progress in this process, so that clients can follow and cancel them. */
export class RunningAnalyses {
  readonly #running = new Map<CustomerId, Map<string, Entry>>();

  /**
   * Runs an analysis under an ID. If it is cancelled, or the client disconnects, it ends at once for this request, even if its
   * query continues for others.
   *
   * @param disconnected aborts when the client disconnects
   * @throws Problem analysis_id_in_use, analysis_cancelled; whatever `work` throws
   */
  async run<Result>(
    { customerId }: CustomerAccess,
    { id, name }: Pick<RunningAnalysis, 'id' | 'name'>,
    disconnected: AbortSignal,
    work: (signal: AbortSignal, onQuery: OnQuery) => Promise<Result>,
  ): Promise<Result> {
    const analyses = this.#running.get(customerId) ?? new Map<string, Entry>();
    if (analyses.has(id)) throw new Problem('analysis_id_in_use', `An analysis with the ID '${id}' is running.`);
    const controller = new AbortController();
    const entry: Entry = { customerId, id, name, startedAt: new Date(), controller, fractionDone: () => null };
    const cancelled = Promise.withResolvers<never>();
    const cancel = (): void => cancelled.reject(cancelledRead());
    const end = (): void => controller.abort(disconnected.reason);
    controller.signal.addEventListener('abort', cancel, { once: true });
    disconnected.addEventListener('abort', end, { once: true });
    if (disconnected.aborted) end();
    this.#running.set(customerId, analyses.set(id, entry));
    try {
      const result = work(controller.signal, (fractionDone) => {
        entry.fractionDone = fractionDone;
      });
      return await Promise.race([result, cancelled.promise]);
    } finally {
      disconnected.removeEventListener('abort', end);
      analyses.delete(id);
      if (analyses.size === 0) this.#running.delete(customerId);
    }
  }

  /** Those of a customer, oldest first. */
  list(customerId: CustomerId): readonly RunningAnalysis[] {
    return [...(this.#running.get(customerId)?.values() ?? [])].map(shown);
  }

  /** Those of all customers. */
  get all(): readonly (RunningAnalysis & { readonly customerId: CustomerId })[] {
    return [...this.#running.values()].flatMap((analyses) => [...analyses.values()].map(shown));
  }

  /** @param id in lower case. @returns false if no such analysis is running */
  cancel(customerId: CustomerId, id: string): boolean {
    const entry = this.#running.get(customerId)?.get(id);
    entry?.controller.abort();
    return entry !== undefined;
  }
}

function shown({ customerId, id, name, startedAt, fractionDone }: Entry) {
  return { customerId, id, name, startedAt, fractionDone: fractionDone() };
}

export function analysisNotFound(customerId: CustomerId, id: string): Problem {
  return new Problem('analysis_not_found', `Customer '${customerId}' has no running analysis '${id}'.`);
}
