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
  /** The answer, if the file was refused for certain. */
  refusal: string | null;
  /** Whether its upload was undone or cancelled; null if that was requested and no answer arrived. */
  isUndone: boolean | null;
}

/** The text in each row of `csvOf`. */
export const TEXT = 'x'.repeat(60);

/** Rows such as `2024-01-01 00:00:00,<number>,<row>,xxx`, with the row counted from 0. */
export function csvOf(number: number, rows: number): string {
  const lines = ['at,file,row,text'];
  for (let row = 0; row < rows; row++) lines.push(`2024-01-01 00:00:00,${number},${row},${TEXT}`);
  return `${lines.join('\n')}\n`;
}

/** How often a client resumes a file, or sends it again: the server may be down for good. */
const MAX_TRIES = 1_000;
const RETRY_MS = 20;

/** More than the first segment holds, so that the load starts early. */
const MULTI_SEGMENT_ROWS = 120_000;

/** Clients that keep sending files to the servers that are up. */
export class Senders {
  readonly sent: Sent[] = [];
  /** What is wrong with resumable files, and internal errors; must stay empty. */
  readonly lost: string[] = [];
  readonly #customers: readonly string[];
  readonly #loops: Promise<void>[];
  #urls: readonly string[] = [];
  #stopped = false;

  constructor(random: Random, customers: readonly string[]) {
    this.#customers = customers;
    // Two clients for each customer, so that its own files race.
    this.#loops = [...customers, ...customers].map((customer) => this.#send(random.branch(), customer));
  }

  get customers(): readonly string[] {
    return this.#customers;
  }

  /** Sets the addresses of the servers that are up. All have the same data. */
  aim(...urls: readonly string[]): void {
    this.#urls = urls;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #send(random: Random, customer: string): Promise<void> {
    while (!this.#stopped) {
      if (this.#urls.length === 0) {
        await delay(5);
        continue;
      }
      const size = random.integer(100);
      const rows = size < 4 ? MULTI_SEGMENT_ROWS : size < 15 ? 20_000 : 1 + random.integer(1_500);
      await this.#sendOne(random.branch(), customer, rows);
      await delay(random.integer(120));
    }
  }

  async #sendOne(random: Random, customer: string, rows: number): Promise<void> {
    const number = this.sent.length;
    const method = random.pick(METHODS);
    const sent: Sent = {
      ...{ customer, number, rows, method, sentAt: Date.now() },
      ...{ uploadId: null, refusal: null, isUndone: false },
    };
    this.sent.push(sent);
    const bytes = Buffer.from(csvOf(number, rows));
    if (method === 'chunks')
      return this.#sendChunks(random, sent, bytes, Math.ceil(bytes.length / (1 + random.integer(4))));
    // A client with a key repeats the request until it knows the outcome.
    const key = random.integer(2) === 0 ? null : `${customer}-${number}`;
    for (let tries = 0; tries < MAX_TRIES && !this.#stopped; tries++) {
      try {
        const { status, body } = await sendAtOnce(this.#pick(random), customer, bytes, method, key);
        if (status === 202) sent.uploadId = body.id;
        else if (status === 500 || (key !== null && status < 500 && status !== 429)) {
          this.lost.push(`file ${number} of ${customer}: ${JSON.stringify(body)}`);
        } else if (key === null && body.code !== 'catalog_unavailable') sent.refusal = JSON.stringify(body);
        if (status <= 500 && status !== 429) return;
      } catch {
        // The connection broke: whether the file was accepted is unknown.
      }
      if (key === null) return;
      await delay(RETRY_MS);
    }
  }

  /** Sends a file in chunks, and resumes it when connections break. */
  async #sendChunks(random: Random, sent: Sent, bytes: Buffer, chunkBytes: number): Promise<void> {
    const begun = await begin(this.#pick(random), bytes.length, { customer_id: sent.customer }).catch(() => null);
    if (begun?.status !== 201) return;
    const path = begun.headers.get('location') ?? '';
    let acknowledged = 0;
    for (let chunk = 0; chunk < MAX_TRIES && !this.#stopped; chunk++) {
      try {
        const asked = await ask(`${this.#pick(random)}${path}`);
        // 423: another node is making it an upload, or was, and is not known to be dead yet.
        if (asked.status === 503 || asked.status === 423) {
          await delay(RETRY_MS);
          continue;
        }
        if (asked.status !== 200) throw new Lost(`${path}, which was created, answers ${asked.status}`);
        const offset = Number(asked.headers.get('upload-offset'));
        if (offset < acknowledged) throw new Lost(`${path} has ${offset} bytes, but ${acknowledged} were acknowledged`);
        const address = `${this.#pick(random)}${path}`;
        const reply = await send(address, offset, bytes.subarray(offset, offset + chunkBytes));
        if (reply.status === 500) throw new Lost(`${path}: ${JSON.stringify(reply.body)}`);
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
        await delay(RETRY_MS);
      }
    }
  }

  /** @throws Error if none is up */
  #pick(random: Random): string {
    if (this.#urls.length === 0) throw new Error('no server is up');
    return random.pick(this.#urls);
  }
}

/** Acknowledged bytes of a resumable file are missing, or the server is at fault. */
class Lost extends Error {}

function sendAtOnce(
  url: string,
  customer: string,
  bytes: Buffer,
  method: 'form' | 'body',
  key: string | null,
): Promise<Reply> {
  const headers: Record<string, string> = key === null ? {} : { 'idempotency-key': key };
  return method === 'form'
    ? call(`${url}/api/v1/event/`, {
        ...{ method: 'POST', headers },
        body: formOf(['customer_id', customer], ['file', bytes]),
      })
    : call(`${url}/api/v1/customers/${customer}/uploads`, {
        ...{ method: 'PUT', headers },
        body: new Uint8Array(bytes),
      });
}
