import type { CustomerId } from '../model/ids.ts';

/** An analysis that has been running for a while in one of the processes that share the catalog. */
export interface SavedAnalysis {
  readonly customerId: CustomerId;
  readonly id: string;
  readonly name: string;
  readonly startedAt: Date;
  /** From 0 to 1; null if it is unknown. */
  readonly fractionDone: number | null;
}

export interface SharedAnalyses {
  /**
   * Replaces what was saved of the analyses of a process. They are forgotten if that is not repeated within `keepMs`.
   *
   * @returns those that another process asked to cancel
   */
  saveAnalyses(
    process: string,
    analyses: readonly SavedAnalysis[],
    keepMs: number,
  ): Promise<readonly Pick<SavedAnalysis, 'customerId' | 'id'>[]>;
  /** Those of a customer in other processes than this one that nobody asked to cancel, oldest first. */
  analysesOfOthers(process: string, customerId: CustomerId): Promise<readonly SavedAnalysis[]>;
  /** Asks the other processes that run it to cancel an analysis. @returns false if none does, or they were asked before */
  requestAnalysisCancel(process: string, customerId: CustomerId, id: string): Promise<boolean>;
}
