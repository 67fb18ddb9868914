import type { PlanValue } from '../query-plan.ts';

/** The values of a statement: bound, and never part of its text. */
export class Parameters {
  readonly values: PlanValue[] = [];

  /** @returns the place of the value, from 1 */
  add(value: PlanValue): number {
    return this.values.push(value);
  }
}
