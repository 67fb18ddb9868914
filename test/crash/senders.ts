import { setTimeout as delay } from 'node:timers/promises';
import { ask, begin, idOf, send } from '../http/tus-requests.ts';
import type { Random } from '../random.ts';
import { call, formOf, type Reply } from '../server.ts';

/** How a file is sent: as a form, as a body, or in several requests (tus). */
export type Method = (typeof METHODS)[number];
const METHODS = ['form', 'body', 'chunks'] as const;

/** A file that was sent, and what its client knows of it. */
export interface Sent {
  readonly customer: string;
  /** Is in every row of the file, and in no row of another. */
  readonly number: number;
  readonly rows: number;
  readonly sentAt: number;
  readonly method: Method;
  /** The id in the 202, or that of a resumable file whose last byte was acknowledged; null if no answer arrived. */
  uploadId: string | null;
  /** The answer, if it was no 202. */
  refusal: string | null;
}

/** The text in each row of `csvOf`. */
export const TEXT = 'x'.repeat(60);

/** Rows such as `2024-01-01 00:00:00,<number>,<row>,xxx`, with the row counted from 0. */
export function csvOf(number: number, rows: number): string {
  const lines = ['at,file,row,text'];
  for (let row = 0; row < rows; row++) lines.push(`2024-01-01 00:00:00,${number},${row},${TEXT}`);
  return `${lines.join('\n')}\n`;
}

/** How often a client resumes a file: the server may be down for good. */
const MAX_CHUNKS = 1_000;

/** More than the first segment holds, so that the load starts early. */
const MULTI_SEGMENT_ROWS = 120_000;

/** Clients that keep sending files to the server, whenever it is up. */
export class Senders {
  readonly sent: Sent[] = [];
  /** What is wrong with resumable files; must stay empty. */
  readonly lost: string[] = [];
  readonly #customers: readonly string[];
  readonly #loops: Promise<void>[];
  #url: string | null = null;
  #stopped = false;

  constructor(random: Random, customers: readonly string[]) {
    this.#customers = customers;
    // Two clients for each customer, so that its own files race.
    this.#loops = [...customers, ...customers].map((customer) => this.#send(random.branch(), customer));
  }

  get customers(): readonly string[] {
    return this.#customers;
  }

  /** Sets the address of the server; null while it is down. */
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
      const size = random.integer(100);
      const rows = size < 4 ? MULTI_SEGMENT_ROWS : size < 15 ? 20_000 : 1 + random.integer(1_500);
      await this.#sendOne(url, customer, rows, random.pick(METHODS), 1 + random.integer(4));
      await delay(random.integer(120));
    }
  }

  async #sendOne(url: string, customer: string, rows: number, method: Method, chunks: number): Promise<void> {
    const number = this.sent.length;
    const sent: Sent = { customer, number, rows, method, sentAt: Date.now(), uploadId: null, refusal: null };
    this.sent.push(sent);
    const bytes = Buffer.from(csvOf(number, rows));
    try {
      if (method === 'chunks') return await this.#sendChunks(url, sent, bytes, Math.ceil(bytes.length / chunks));
      const reply = await sendAtOnce(url, customer, bytes, method);
      if (reply.status === 202) sent.uploadId = reply.body.id;
      else sent.refusal = JSON.stringify(reply.body);
    } catch {
      // The connection broke: whether the file was accepted is unknown.
      if (this.#url === url) await delay(20);
    }
  }

  /** Sends a file in chunks, and resumes it when connections break. */
  async #sendChunks(url: string, sent: Sent, bytes: Buffer, chunkBytes: number): Promise<void> {
    const { status, headers } = await begin(url, bytes.length, { customer_id: sent.customer });
    if (status !== 201) return;
    const path = headers.get('location') ?? '';
    let acknowledged = 0;
    for (let chunk = 0; chunk < MAX_CHUNKS && !this.#stopped; chunk++) {
      try {
        const address = `${this.#url}${path}`;
        const asked = await ask(address);
        if (asked.status === 503) continue;
        if (asked.status !== 200) throw new Lost(`${path}, which was created, answers ${asked.status}`);
        const offset = Number(asked.headers.get('upload-offset'));
        if (offset < acknowledged) throw new Lost(`${path} has ${offset} bytes, but ${acknowledged} were acknowledged`);
        const reply = await send(address, offset, bytes.subarray(offset, offset + chunkBytes));
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

/** Acknowledged bytes of a resumable file are missing. */
class Lost extends Error {}

function sendAtOnce(url: string, customer: string, bytes: Buffer, method: 'form' | 'body'): Promise<Reply> {
  return method === 'form'
    ? call(`${url}/api/v1/event/`, { method: 'POST', body: formOf(['customer_id', customer], ['file', bytes]) })
    : call(`${url}/api/v1/customers/${customer}/uploads`, { method: 'PUT', body: new Uint8Array(bytes) });
}
