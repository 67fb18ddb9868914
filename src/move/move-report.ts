import type { MoveDeps, MovedCustomer, MoveProgress } from './move-sides.ts';

const PROGRESS_MS = 10_000;

/** Lines about a move, for people: one for each customer, from time to time how far a large one is, and one at the end. */
export class MoveReport implements Pick<MoveDeps, 'report' | 'onProgress'> {
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  #printedAt: number;
  #customers = 0;

  /** @param now in milliseconds */
  constructor(write: (line: string) => void, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
    this.#printedAt = now();
  }

  report = async ({ customerId, rows, withoutBytes }: MovedCustomer): Promise<void> => {
    this.#customers++;
    this.#print(rows === null ? `${customerId}: moved before` : `${customerId}: ${rows} rows`);
    if (withoutBytes.length > 0)
      this.#print(`  without bytes, which the source does not have: ${withoutBytes.join(', ')}`);
  };

  onProgress = ({ customerId, rows, totalRows }: MoveProgress): void => {
    if (this.#now() - this.#printedAt >= PROGRESS_MS) this.#print(`${customerId}: ${rows} of ${totalRows} rows`);
  };

  end(): void {
    const customers = this.#customers === 1 ? '1 customer' : `${this.#customers} customers`;
    this.#print(`Moved ${customers}. The source is as it was: remove it, and start Thena on the target only.`);
  }

  #print(line: string): void {
    this.#printedAt = this.#now();
    this.#write(line);
  }
}
