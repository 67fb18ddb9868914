import type { CsvSegment } from '../../csv/segment.ts';
import type { FormatDecision } from '../../csv/values/decide-formats.ts';
import type { ValueOptions } from '../../csv/values/value-options.ts';
import { failpoint } from '../../failpoints.ts';
import type { StorageFailure } from '../../model/storage-failure.ts';
import type { FileEvidence } from './file-evidence.ts';
import type { FileToLoad } from './file-to-load.ts';
import { decidePlan, isSamePlan, type ParsePlan, planOf } from './parse-plan.ts';
import type { TableLoad } from './table-load.ts';

/** A load under the best plan. */
export interface LoadedByPlan {
  readonly plan: ParsePlan;
  /** How many were appended; or that some records cannot become rows. */
  readonly rows: number | 'rows_do_not_fit';
}

/**
 * Loads a file by a plan that is made from its first values, and starts over with a better one as often as later values need it.
 */
export class PlannedLoad {
  readonly #file: FileToLoad;
  readonly #options: ValueOptions;
  readonly #evidence: FileEvidence;
  readonly #load: TableLoad;
  readonly #signal: AbortSignal;
  /** The integer columns that decimals came for, by whether the table's integers stay the same as numbers. */
  readonly #integers = new Map<string, boolean>();

  constructor(file: FileToLoad, options: ValueOptions, evidence: FileEvidence, load: TableLoad, signal: AbortSignal) {
    this.#file = file;
    this.#options = options;
    this.#evidence = evidence;
    this.#load = load;
    this.#signal = signal;
  }

  /** @throws Problem ambiguous_values, declared_type_conflict, time_column_unknown, upload_option_invalid */
  async run(): Promise<LoadedByPlan> {
    let plan = await this.#planEarly();
    failpoint('formats_found');
    let rows = await this.#loadAndComplete(plan);
    while (isPlan(rows)) {
      plan = rows;
      await this.#load.startOver();
      rows = await this.#loadAndComplete(plan);
    }
    return { plan, rows };
  }

  /** Loads only these records of the file, all of whose values were judged. @returns the number of rows */
  async runKept(plan: ParsePlan, segments: readonly CsvSegment[]): Promise<number> {
    await this.#load.startOver();
    const rows = await this.#load.append(plan, async (taken) => segments.slice(taken));
    if (typeof rows !== 'number') throw rows;
    return rows;
  }

  /** The same formats, with the warnings of the complete evidence. */
  async final(plan: ParsePlan): Promise<ParsePlan> {
    return { ...this.#planOf(await this.#decide()), file: plan.file };
  }

  /** Names of integer columns that cannot become number columns, although values of the file need it. */
  get inexactIntegers(): ReadonlySet<string> {
    return new Set([...this.#integers].flatMap(([name, isExact]) => (isExact ? [] : [name])));
  }

  /** Plans by the segments that are complete; if they leave a question open, by all of the file. */
  async #planEarly(): Promise<ParsePlan> {
    const { feed } = this.#file;
    const segments = await feed.after(0, this.#signal);
    await this.#evidence.cover(segments);
    if (!feed.isComplete || feed.length > segments.length) {
      const decision = await this.#decide();
      if (decision.questions.length === 0) return this.#planOf(decision);
      await this.#evidence.cover((await feed.all(this.#signal)).slice(segments.length));
    }
    await this.#evidence.complete();
    return this.#planOf(await this.#decide());
  }

  /** Decides again if an integer column should become number, and the table has integers that would change. */
  async #decide(): Promise<FormatDecision> {
    for (;;) {
      const decision = decidePlan(this.#file, this.#evidence, this.#options, this.inexactIntegers);
      const unchecked = decision.columns.filter(
        ({ name, becomes }) => becomes === 'number' && this.#isInteger(name) && !this.#integers.has(name),
      );
      if (unchecked.length === 0) return decision;
      for (const { name } of unchecked) this.#integers.set(name, await this.#load.keepsIntegersAsNumbers(name));
    }
  }

  #isInteger(name: string): boolean {
    return this.#file.table?.columns.some((column) => column.name === name && column.type === 'integer') ?? false;
  }

  #planOf(decision: FormatDecision): ParsePlan {
    return planOf(this.#file, this.#evidence, this.#options, decision);
  }

  /** @returns the number of rows; the plan to start over with; or that a row may be to blame for a failure under the best plan */
  async #loadAndComplete(plan: ParsePlan): Promise<number | ParsePlan | 'rows_do_not_fit'> {
    // Each value was read, and some do not fit.
    if (plan.rejected > 0 && this.#file.feed.isComplete && this.#isCovered) return 'rows_do_not_fit';
    const rows = await this.#load.append(plan, (taken, signal) => this.#next(plan, taken, signal));
    if (isPlan(rows)) return rows;
    // If it failed, a later value may not be what the first ones have shown.
    if (typeof rows !== 'number') await this.#coverAll();
    await this.#evidence.complete();
    const better = this.#planOf(await this.#decide());
    if (!isSamePlan(better, plan)) return better;
    return typeof rows === 'number' ? rows : 'rows_do_not_fit';
  }

  /** @returns the next segments; another plan, if they need it; `irregular` if records have too few or too many fields */
  async #next(
    plan: ParsePlan,
    taken: number,
    signal: AbortSignal,
  ): Promise<readonly CsvSegment[] | ParsePlan | 'irregular'> {
    const segments = await this.#file.feed.after(taken, signal);
    if (segments.length === 0) return segments;
    if (taken + segments.length > this.#evidence.segments) {
      await this.#evidence.cover(segments.slice(this.#evidence.segments - taken));
      const decision = await this.#decide();
      // A question may be answered by a later segment.
      const next = decision.questions.length > 0 ? plan : this.#planOf(decision);
      if (!isSamePlan(next, plan)) return next;
    }
    return segments.some(({ irregular }) => irregular) ? 'irregular' : segments;
  }

  get #isCovered(): boolean {
    return this.#evidence.segments === this.#file.feed.length;
  }

  async #coverAll(): Promise<void> {
    await this.#evidence.cover((await this.#file.feed.all(this.#signal)).slice(this.#evidence.segments));
  }
}

function isPlan(outcome: number | ParsePlan | StorageFailure | string): outcome is ParsePlan {
  return typeof outcome === 'object' && 'file' in outcome;
}
