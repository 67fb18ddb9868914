import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { CatalogChange, CatalogNews, CatalogNewsItem } from '../catalog-news.ts';
import { LocalNews } from '../local-news.ts';
import type { Connecting } from './pool.ts';

const CHANNEL = 'thena_news';
/** The server refuses messages of 8,000 bytes. */
const MAX_CHANGES_PER_MESSAGE = 30;
/** Changes that wait for the connection. When it is away for long, the others find what they missed by looking. */
const MAX_WAITING = 1_000;
const RECONNECT_MS = 300;
/** How often it is checked that the connection still exists: a listener would not notice. */
const CHECK_MS = 5_000;

interface Message {
  readonly from: string;
  readonly changes: readonly CatalogChange[];
}

/** News between the processes that share a database, by `NOTIFY` and `LISTEN` on a connection of their own. */
export class PostgresNews implements CatalogNews {
  readonly #connecting: Connecting;
  readonly #checkMs: number;
  readonly #local = new LocalNews();
  /** The server sends its own messages to a process, too. */
  readonly #id = randomUUID();
  #waiting: CatalogChange[] = [];
  #client: pg.Client | null = null;
  /** Resolves when nothing runs on the connection: one statement runs at a time, and none before it is prepared. */
  #idle: Promise<unknown> = Promise.resolve();
  #isSending = false;
  #isClosed = false;
  #reconnect: NodeJS.Timeout | undefined;
  #check: NodeJS.Timeout | undefined;

  constructor(connecting: Connecting, checkMs: number = CHECK_MS) {
    this.#connecting = connecting;
    this.#checkMs = checkMs;
  }

  /** Connects. If that fails, it is tried again until it succeeds. */
  async start(): Promise<void> {
    await this.#connect();
    this.#check = setInterval(() => void this.#query('select 1'), this.#checkMs);
    this.#check.unref();
  }

  publish(change: CatalogChange): void {
    this.#local.publish(change);
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(change);
    void this.#send();
  }

  subscribe(listener: (news: CatalogNewsItem) => void): () => void {
    return this.#local.subscribe(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#check);
    clearTimeout(this.#reconnect);
    await this.#client?.end().catch(() => undefined);
  }

  /** @returns whether it is connected */
  async #connect(): Promise<boolean> {
    const client = new pg.Client(this.#connecting.config);
    client.on('error', () => this.#disconnected(client));
    client.on('end', () => this.#disconnected(client));
    client.on('notification', ({ payload }) => this.#hear(payload ?? ''));
    this.#client = client;
    const prepared = this.#prepare(client);
    this.#idle = prepared.catch(() => undefined);
    try {
      await prepared;
      void this.#send();
      return true;
    } catch {
      this.#disconnected(client);
      return false;
    }
  }

  async #prepare(client: pg.Client): Promise<void> {
    await client.connect();
    await this.#connecting.prepare(client);
    await client.query(`listen ${CHANNEL}`);
  }

  #disconnected(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    client.end().catch(() => undefined);
    if (this.#isClosed) return;
    this.#reconnect = setTimeout(async () => {
      if (await this.#connect()) this.#local.publish({ kind: 'missed' });
    }, RECONNECT_MS);
  }

  /** Sends what waits. What is published in the meantime is one more message, so that many changes are few messages. */
  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      const changes = this.#waiting.slice(0, MAX_CHANGES_PER_MESSAGE);
      const message: Message = { from: this.#id, changes };
      if (!(await this.#query('select pg_notify($1, $2)', [CHANNEL, JSON.stringify(message)]))) break;
      this.#waiting = this.#waiting.slice(changes.length);
    }
    this.#isSending = false;
  }

  /** @returns whether it was executed; if not, the connection is replaced */
  async #query(sql: string, parameters?: readonly string[]): Promise<boolean> {
    const client = this.#client;
    if (!client) return false;
    const answer = this.#idle.then(() => client.query(sql, parameters?.slice()));
    this.#idle = answer.catch(() => undefined);
    try {
      await answer;
      return true;
    } catch {
      this.#disconnected(client);
      return false;
    }
  }

  #hear(payload: string): void {
    const { from, changes } = messageOf(payload);
    if (from !== this.#id) for (const change of changes) this.#local.publish(change);
  }
}

/** Others may use the channel, too: what is not a message of Thena is none. */
function messageOf(payload: string): Message {
  try {
    const { from, changes } = JSON.parse(payload);
    if (typeof from === 'string' && Array.isArray(changes)) return { from, changes: changes.filter(isChange) };
  } catch {
    // Not JSON.
  }
  return { from: '', changes: [] };
}

function isChange(change: Partial<CatalogChange> | null): change is CatalogChange {
  return typeof change?.kind === 'string';
}
