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

/** How long a statement waits for the write lock of another connection. */
const MAX_BUSY_MS = 10_000;
/** Cached statements. Lists of tags and statuses result in one per length. */
const MAX_PREPARED = 200;
/** Statements that certainly change nothing. */
const READS = /^select\b/i;
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

/**
 * Kysely on node:sqlite. Kysely's own SQLite dialect begins transactions without the write lock, runs migrations outside
 * transactions, and blocks the event loop while it waits for a lock.
 *
 * @param onChange called after every statement that may change something, and after every commit
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

  /** There is one connection, which Kysely uses for one query or transaction at a time. */
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // A transaction that reads before it writes fails if another one wrote in between (SQLITE_BUSY_SNAPSHOT).
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // After some errors, such as a full disk, SQLite has already rolled back: sqlite.org/lang_transaction.html
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
      // SQLite's own wait would block the event loop, and with it the holder of the lock if that is in this process.
      await wait(5);
    }
  }

  streamQuery(): never {
    throw new Error('the catalog is read page by page');
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

/** Binds integers as integers: node:sqlite binds every number as a float. */
function written(value: unknown): SQLInputValue {
  return Number.isSafeInteger(value) ? BigInt(value as number) : (value as SQLInputValue);
}

/** Converts safe integers to numbers. */
function read<Row>(row: object): Row {
  const entries = Object.entries(row).map(([name, value]) => {
    const isSafe = typeof value === 'bigint' && Number.isSafeInteger(Number(value));
    return [name, isSafe ? Number(value) : value];
  });
  return Object.fromEntries(entries) as Row;
}

/** @returns the primary result code (sqlite.org/rescode.html), or null if it is not an error of SQLite */
function primaryCode(error: unknown): number | null {
  const { errcode } = error as { readonly errcode?: number };
  return errcode === undefined ? null : errcode & 0xff;
}

function diskFull(cause: unknown): Problem {
  const detail = 'The disk is full. The catalog was not changed.';
  return new Problem('disk_full', detail, {}, { cause });
}
