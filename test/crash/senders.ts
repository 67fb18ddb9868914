import { setTimeout as delay } from 'node:timers/promises';
import { ask, begin, idOf, send } from '../http/tus-requests.ts';
import type { Random } from '../random.ts';
import { call, formOf, type Reply } from '../server.ts';

/** How a file is sent: as a form, as a body, or in several requests (tus). */
export type Way = (typeof WAYS)[number];
const WAYS = ['form', 'body', 'pieces'] as const;

/** One file that was sent: what its sender knows of it. */
export interface Sent {
  readonly customer: string;
  /** Stands in every row of the file, and in no row of another one. */
  readonly number: number;
  readonly rows: number;
  readonly sentAt: number;
  readonly way: Way;
  /** The id that came with the 202, or that of a file whose last byte was acknowledged; null where none came. */
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

/** Sent again with what is left, as clients do, so often at most: Thena may be gone for good. */
const MOST_PIECES = 1_000;

/** More than the first segment holds, so that loading runs beside receiving. */
const MULTI_SEGMENT_ROWS = 120_000;

/** Customers that go on sending files, to whichever process is up. */
export class Senders {
  readonly sent: Sent[] = [];
  /** What is wrong with files that were sent in pieces: nothing, it is hoped. */
  readonly lost: string[] = [];
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
      await this.#sendOne(url, customer, rows, random.pick(WAYS), 1 + random.integer(4));
      await delay(random.integer(120));
    }
  }

  async #sendOne(url: string, customer: string, rows: number, way: Way, pieces: number): Promise<void> {
    const number = this.sent.length;
    const sent: Sent = { customer, number, rows, way, sentAt: Date.now(), uploadId: null, refusal: null };
    this.sent.push(sent);
    const bytes = Buffer.from(csvOf(number, rows));
    try {
      if (way === 'pieces') return await this.#sendPieces(url, sent, bytes, Math.ceil(bytes.length / pieces));
      const reply = await sendAtOnce(url, customer, bytes, way);
      if (reply.status === 202) sent.uploadId = reply.body.id;
      else sent.refusal = JSON.stringify(reply.body);
    } catch {
      // The connection broke: whether the file was taken is not known.
      if (this.#url === url) await delay(20);
    }
  }

  /** Sends a file piece by piece, and goes on where connections break, to whichever process is up. */
  async #sendPieces(url: string, sent: Sent, bytes: Buffer, pieceBytes: number): Promise<void> {
    const { status, headers } = await begin(url, bytes.length, { customer_id: sent.customer });
    if (status !== 201) return;
    const path = headers.get('location') ?? '';
    let acknowledged = 0;
    for (let piece = 0; piece < MOST_PIECES && !this.#stopped; piece++) {
      try {
        const address = `${this.#url}${path}`;
        const asked = await ask(address);
        if (asked.status === 503) continue;
        if (asked.status !== 200) throw new Lost(`${asked.status} of ${path}, which was begun`);
        const offset = Number(asked.headers.get('upload-offset'));
        if (offset < acknowledged) throw new Lost(`${path} has ${offset} bytes; ${acknowledged} were acknowledged`);
        const reply = await send(address, offset, bytes.subarray(offset, offset + pieceBytes));
        if (reply.status === 204) acknowledged = Number(reply.headers.get('upload-offset'));
        if (acknowledged === bytes.length) {
          sent.uploadId = idOf(path);
          return;
        }
      } catch (error) {
        if (error instanceof Lost) {
          this.lost.push(error.message);
          return;
        }
        await delay(20);
      }
    }
  }
}

/** Bytes of a file in pieces that were acknowledged are not there. */
class Lost extends Error {}

function sendAtOnce(url: string, customer: string, bytes: Buffer, way: 'form' | 'body'): Promise<Reply> {
  return way === 'form'
    ? call(`${url}/api/v1/event/`, { method: 'POST', body: formOf(['customer_id', customer], ['file', bytes]) })
    : call(`${url}/api/v1/customers/${customer}/uploads`, { method: 'PUT', body: new Uint8Array(bytes) });
}
