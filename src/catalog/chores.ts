/** What one of all nodes does from time to time. */
export interface Chores {
  /** @returns whether the caller is to do it now: nobody else has begun it within this time */
  takeChore(name: string, everyMs: number): Promise<boolean>;
}
