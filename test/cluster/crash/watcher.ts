import { setTimeout as delay } from 'node:timers/promises';
import type { Senders, Sent } from '../../crash/senders.ts';
import { analyze, call, type Reply } from '../../server.ts';

const PAUSE_MS = 30;
/** A node that is paused answers later. */
const DEADLINE_MS = 60_000;

/** What a client may see of a table at a moment. */
interface Expectation {
  /** Files that an earlier answer of some node contained. */
  readonly must: ReadonlySet<Sent>;
  /** Files that were undone before. */
  readonly never: ReadonlySet<Sent>;
}

/**
 * A client that asks both nodes all the time: whether each answer consists of whole files, contains all that an earlier answer of
 * either node contained, and nothing that was undone before.
 */
export class Watcher {
  /** What was wrong with answers; must stay empty. */
  readonly faults: string[] = [];
  /** By the status of the answer, or `broken`. */
  readonly answers: Record<string, number> = {};
  readonly #senders: Senders;
  readonly #seen = new Map<string, Set<Sent>>();
  readonly #loops: Promise<void>[];
  #isStopped = false;

  /** @param nodes answer with the address of a node, or null while it is down */
  constructor(senders: Senders, nodes: readonly (() => string | null)[]) {
    this.#senders = senders;
    this.#loops = nodes.map((node) => this.#watch(node));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  async #watch(node: () => string | null): Promise<void> {
    const looks = [this.#query, this.#export, this.#query, this.#total];
    for (let round = 0; !this.#isStopped; round++) {
      const url = node();
      for (const customer of this.#senders.customers) {
        const look = looks[round % looks.length];
        if (url !== null && look) await look.call(this, url, customer).catch(() => this.#count('broken'));
        await delay(PAUSE_MS);
      }
    }
  }

  async #query(url: string, customer: string): Promise<void> {
    const expected = this.#expectation(customer);
    const query = {
      measures: [
        { fn: 'count', as: 'rows' },
        { fn: 'sum', column: 'row', as: 'sum' },
      ],
      group_by: ['file'],
    };
    const json = { customer_id: customer, query };
    const reply = await call(`${url}/api/v1/analyze/`, { json, signal: AbortSignal.timeout(DEADLINE_MS) });
    if (!this.#isAnswer(reply, 'query')) return;
    const { result, table } = reply.body;
    const files: readonly (readonly number[])[] = result.rows;
    const found = new Map(files.map(([file = -1, rows = 0, sum = 0]) => [file, { rows, sum }]));
    this.#compare('query', customer, expected, found);
    const rows = files.reduce((all, [, count = 0]) => all + count, 0);
    if (rows !== table.rows) this.#fault(`a query of ${customer} has ${rows} rows of ${table.rows}`);
  }

  async #export(url: string, customer: string): Promise<void> {
    const expected = this.#expectation(customer);
    const address = `${url}/api/v1/customers/${customer}/table/export?format=csv&columns=file,row`;
    const reply = await call(address, { signal: AbortSignal.timeout(DEADLINE_MS) });
    if (!this.#isAnswer(reply, 'export')) return;
    const found = new Map<number, { rows: number; sum: number }>();
    for (const line of String(reply.body).trimEnd().split('\n').slice(1)) {
      const [file = -1, row = -1] = line.split(',').map(Number);
      const { rows, sum } = found.get(file) ?? { rows: 0, sum: 0 };
      found.set(file, { rows: rows + 1, sum: sum + row });
    }
    this.#compare('export', customer, expected, found);
  }

  /** The precomputed count must be that of the files that were there before, at least. */
  async #total(url: string, customer: string): Promise<void> {
    const { must } = this.#expectation(customer);
    const reply = await analyze(url, customer, 'total_rows');
    if (!this.#isAnswer(reply, 'total_rows')) return;
    const least = [...must].filter(({ isUndone }) => isUndone === false).reduce((all, { rows }) => all + rows, 0);
    const total: number = reply.body.result.total_rows;
    if (total < least) this.#fault(`${customer} has ${total} rows, but ${least} were seen before`);
  }

  #expectation(customer: string): Expectation {
    const seen = this.#seen.get(customer) ?? [];
    const never = this.#senders.sent.filter((file) => file.customer === customer && file.isUndone === true);
    return { must: new Set(seen), never: new Set(never) };
  }

  #compare(
    what: string,
    customer: string,
    { must, never }: Expectation,
    found: ReadonlyMap<number, { readonly rows: number; readonly sum: number }>,
  ): void {
    const seen = this.#seen.get(customer) ?? new Set<Sent>();
    this.#seen.set(customer, seen);
    for (const [number, { rows, sum }] of found) {
      const file = this.#senders.sent[number];
      if (file?.customer !== customer) {
        this.#fault(`${what} of ${customer} has rows of file ${number}, which is not its own`);
        continue;
      }
      const wanted = { rows: file.rows, sum: (file.rows * (file.rows - 1)) / 2 };
      if (rows !== wanted.rows || sum !== wanted.sum) {
        this.#fault(
          `${what} of ${customer} has ${rows} rows of file ${number}, sum ${sum}: not ${wanted.rows}, ${wanted.sum}`,
        );
      }
      if (never.has(file)) this.#fault(`${what} of ${customer} has file ${number}, which was undone before`);
      seen.add(file);
    }
    for (const file of must) {
      // It may be undone meanwhile.
      if (!found.has(file.number) && file.isUndone === false) {
        this.#fault(`${what} of ${customer} lacks file ${file.number}, which was seen before`);
      }
      if (file.isUndone !== false) seen.delete(file);
    }
  }

  /** Whether the answer has a result. Tables that do not exist, and servers that are down, have none. */
  #isAnswer({ status, body }: Reply, what: string): boolean {
    this.#count(status === 200 ? what : `${status} ${body.code}`);
    if (![200, 404, 409, 503].includes(status)) this.#fault(`${what} answers ${status}: ${JSON.stringify(body)}`);
    return status === 200;
  }

  #count(answer: string): void {
    this.answers[answer] = (this.answers[answer] ?? 0) + 1;
  }

  #fault(text: string): void {
    if (this.faults.length < 20) this.faults.push(`${new Date().toISOString()} ${text}`);
  }
}
