import { setTimeout as delay } from 'node:timers/promises';
import { call, formOf } from '../server.ts';
import type { Random } from './random.ts';

/** One file that was sent: what its sender knows of it. */
export interface Sent {
  readonly customer: string;
  /** Stands in every row of the file, and in no row of another one. */
  readonly number: number;
  readonly rows: number;
  readonly sentAt: number;
  /** The id that came with the 202; null where none came. */
  uploadId: string | null;
  /** The answer that was not a 202, if there was one. */
  refusal: string | null;
}

/** Rows such as `2024-01-01 00:00:00,<number>,<row>,xxx`, the row counted from 0. */
export function csvOf(number: number, rows: number): string {
  const lines = ['at,file,row,text'];
  const text = 'x'.repeat(60);
  for (let row = 0; row < rows; row++) lines.push(`2024-01-01 00:00:00,${number},${row},${text}`);
  return `${lines.join('\n')}\n`;
}

/** More than the first segment holds, so that loading runs beside receiving. */
const MULTI_SEGMENT_ROWS = 120_000;

/** Customers that go on sending files, to whichever process is up. */
export class Senders {
  readonly sent: Sent[] = [];
  readonly #customers: readonly string[];
  readonly #loops: Promise<void>[];
  #url: string | null = null;
  #stopped = false;

  constructor(random: Random, customers: readonly string[]) {
    this.#customers = customers;
    // Two at once for each customer: its own files race, too.
    this.#loops = [...customers, ...customers].map((customer) => this.#send(random.branch(), customer));
  }

  get customers(): readonly string[] {
    return this.#customers;
  }

  /** Says where Thena is now; null: nowhere. */
  aim(url: string | null): void {
    this.#url = url;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #send(random: Random, customer: string): Promise<void> {
    while (!this.#stopped) {
      const url = this.#url;
      if (url === null) {
        await delay(5);
        continue;
      }
      const sort = random.integer(100);
      const rows = sort < 4 ? MULTI_SEGMENT_ROWS : sort < 15 ? 20_000 : 1 + random.integer(1_500);
      const asForm = random.integer(2) === 0;
      await this.#sendOne(url, customer, rows, asForm);
      await delay(random.integer(120));
    }
  }

  async #sendOne(url: string, customer: string, rows: number, asForm: boolean): Promise<void> {
    const number = this.sent.length;
    const sent: Sent = { customer, number, rows, sentAt: Date.now(), uploadId: null, refusal: null };
    this.sent.push(sent);
    const body = csvOf(number, rows);
    try {
      const reply = asForm
        ? await call(`${url}/api/v1/event/`, {
            method: 'POST',
            body: formOf(['customer_id', customer], ['file', Buffer.from(body)]),
          })
        : await call(`${url}/api/v1/customers/${customer}/uploads`, { method: 'PUT', body });
      if (reply.status === 202) sent.uploadId = reply.body.id;
      else sent.refusal = JSON.stringify(reply.body);
    } catch {
      // The connection broke: whether the file was taken is not known.
      if (this.#url === url) await delay(20);
    }
  }
}
