import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { Problem } from '../../errors.ts';

/** How long a statement waits for another connection to end its writing. */
const MAX_BUSY_MS = 10_000;
/** Statements kept prepared; lists of tags and states make a few of every length. */
const MAX_PREPARED = 200;
/** Statements that change nothing for sure. */
const READS = /^select\b/i;
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

/**
 * Kysely on node:sqlite. Kysely's own SQLite dialect is not used because it begins transactions without the write lock,
 * keeps migrations out of transactions, and cannot wait without holding up the event loop.
 *
 * @param onChange told after every statement that may change something, and when a change is committed
 */
export function sqliteDialect(database: DatabaseSync, onChange: () => void): Dialect {
  return {
    createDriver: () => new SqliteDriver(database, onChange),
    createAdapter: () => new TransactionalAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class SqliteDriver implements Driver {
  readonly #database: DatabaseSync;
  readonly #connection: SqliteConnection;

  constructor(database: DatabaseSync, onChange: () => void) {
    this.#database = database;
    this.#connection = new SqliteConnection(database, onChange);
  }

  async init(): Promise<void> {}

  /** The only one: Kysely hands it out to one at a time, as the adapter says that there are no more. */
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // A transaction that read first and then writes fails at once where another wrote in between (SQLITE_BUSY_SNAPSHOT).
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // SQLite rolls back by itself at some errors, a full disk among them: sqlite.org/lang_transaction.html
    if (this.#database.isTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#database.close();
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  readonly #onChange: () => void;

  constructor(database: DatabaseSync, onChange: () => void) {
    this.#database = database;
    this.#onChange = onChange;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const giveUpAt = performance.now() + MAX_BUSY_MS;
    for (;;) {
      try {
        const result = this.#run<Row>(sql, parameters.map(written));
        if (!READS.test(sql)) this.#onChange();
        return result;
      } catch (error) {
        const code = primaryCode(error);
        if (code === SQLITE_FULL) throw diskFull(error);
        if (code !== SQLITE_BUSY || performance.now() > giveUpAt) throw error;
      }
      // Not SQLite's own waiting alone: it stops the event loop, and with it whoever holds the lock in this process.
      await wait(5);
    }
  }

  streamQuery(): never {
    throw new Error('the catalog is read in pages');
  }

  #run<Row>(sql: string, parameters: readonly SQLInputValue[]): QueryResult<Row> {
    const statement = this.#prepare(sql);
    if (statement.columns().length > 0) return { rows: statement.all(...parameters).map((row) => read<Row>(row)) };
    return { rows: [], numAffectedRows: BigInt(statement.run(...parameters).changes) };
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known) return known;
    if (this.#prepared.size >= MAX_PREPARED) this.#prepared.clear();
    const statement = this.#database.prepare(sql, { readBigInts: true });
    this.#prepared.set(sql, statement);
    return statement;
  }
}

/** Integers are bound as integers; node:sqlite binds every number as a float. */
function written(value: unknown): SQLInputValue {
  return Number.isSafeInteger(value) ? BigInt(value as number) : (value as SQLInputValue);
}

/** Integers are numbers again while they are safe. */
function read<Row>(row: object): Row {
  const entries = Object.entries(row).map(([name, value]) => {
    const isSafe = typeof value === 'bigint' && Number.isSafeInteger(Number(value));
    return [name, isSafe ? Number(value) : value];
  });
  return Object.fromEntries(entries) as Row;
}

/** @returns SQLite's result code, without what extends it; null where the error is not SQLite's */
function primaryCode(error: unknown): number | null {
  const { errcode } = error as { readonly errcode?: number };
  return errcode === undefined ? null : errcode & 0xff;
}

function diskFull(cause: unknown): Problem {
  const detail = 'The disk filled up while the catalog was being written. Nothing was changed.';
  return new Problem('disk_full', detail, {}, { cause });
}
