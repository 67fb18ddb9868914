import { randomUUID } from 'node:crypto';
import type { Catalog } from '../catalog/catalog.ts';
import type { Observe } from '../events.ts';
import type { CustomerAccess } from '../model/customer-access.ts';
import { analysisNotFound, type RunningAnalyses, type RunningAnalysis } from './running-analyses.ts';

export interface AllRunningAnalysesDeps {
  readonly catalog: Pick<Catalog, 'isShared' | 'news' | 'saveAnalyses' | 'analysesOfOthers' | 'requestAnalysisCancel'>;
  readonly observe: Observe;
}

/** How often analyses are saved. One that takes less time is known to its own process only. */
const SAVE_MS = 1_000;
/** A process that has saved nothing for this long is taken for dead. */
const KEEP_MS = 15_000;

/** The analyses in progress in all processes that share the catalog: they can be followed and cancelled at any of them. */
export class AllRunningAnalyses {
  readonly #own: RunningAnalyses;
  readonly #deps: AllRunningAnalysesDeps;
  readonly #process = randomUUID();
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout | undefined;
  #hasSaved = false;
  #saving: Promise<void> | null = null;

  constructor(own: RunningAnalyses, deps: AllRunningAnalysesDeps) {
    this.#own = own;
    this.#deps = deps;
    this.#unsubscribe = deps.catalog.news.subscribe((news) => {
      if (news.kind === 'analysis_cancelled') own.cancel(news.customerId, news.analysisId);
    });
    if (deps.catalog.isShared) this.#timer = setInterval(() => this.#saveNow(), SAVE_MS);
  }

  /** Those of a customer, oldest first. */
  async list({ customerId }: CustomerAccess): Promise<readonly RunningAnalysis[]> {
    const { catalog } = this.#deps;
    const own = this.#own.list(customerId);
    if (!catalog.isShared) return own;
    const others = await catalog.analysesOfOthers(this.#process, customerId);
    return [...own, ...others].sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  }

  /** @throws Problem analysis_not_found */
  async find(access: CustomerAccess, id: string): Promise<RunningAnalysis> {
    const found = (await this.list(access)).find((analysis) => analysis.id === id.toLowerCase());
    if (!found) throw analysisNotFound(access.customerId, id);
    return found;
  }

  /** @throws Problem analysis_not_found */
  async cancel({ customerId }: CustomerAccess, id: string): Promise<void> {
    const analysisId = id.toLowerCase();
    const { catalog } = this.#deps;
    if (this.#own.cancel(customerId, analysisId)) return;
    if (!catalog.isShared || !(await catalog.requestAnalysisCancel(this.#process, customerId, analysisId))) {
      throw analysisNotFound(customerId, id);
    }
    catalog.news.publish({ kind: 'analysis_cancelled', customerId, analysisId });
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    clearInterval(this.#timer);
    await this.#saving;
  }

  #saveNow(): void {
    const isIdle = this.#own.all.length === 0 && !this.#hasSaved;
    if (isIdle) return;
    this.#saving ??= this.#save()
      .catch((error: Error) => this.#deps.observe({ kind: 'background_failed', task: 'analyses', error }))
      .finally(() => {
        this.#saving = null;
      });
  }

  async #save(): Promise<void> {
    const analyses = this.#own.all;
    const cancelled = await this.#deps.catalog.saveAnalyses(this.#process, analyses, KEEP_MS);
    this.#hasSaved = analyses.length > 0;
    for (const { customerId, id } of cancelled) this.#own.cancel(customerId, id);
  }
}
