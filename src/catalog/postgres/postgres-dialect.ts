import {
  type CompiledQuery,
  type DatabaseConnection,
  type DataTypeNode,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import pg from 'pg';
import { endsConnection, NoFreeConnection, translated } from './failures.ts';
import { writtenText } from './stored-text.ts';

/** Statements that change rows. Those of a schema are not repeated. */
const WRITES = /^(?:insert|update|delete|with)\b/i;

/** Milliseconds since 1970-01-01T00:00:00Z, by the clock of the server. */
export const NOW = '(extract(epoch from clock_timestamp()) * 1000)::bigint';
/** Two statements in one message: they have two results. */
const BEGIN = `begin; select ${NOW} as at`;

/** Ends a transaction that has written. @param begunAt when it began, by the clock of the server */
export type Commit = (session: { execute(sql: string): Promise<unknown> }, begunAt: number) => Promise<void>;

/**
 * Kysely on a pool of `pg`. Kysely's own PostgreSQL dialect returns a lost connection to the pool, and does not know whether a commit
 * without an answer took place.
 */
export function postgresDialect(pool: pg.Pool, commit: Commit): Dialect {
  return {
    createDriver: () => new PostgresDriver(pool, commit),
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new ByteOrderCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  };
}

/** Gives every text column the order of its bytes, as in SQLite, whatever the language of the database is. */
class ByteOrderCompiler extends PostgresQueryCompiler {
  protected override visitDataType(node: DataTypeNode): void {
    super.visitDataType(node);
    if (node.dataType === 'text') this.append(' collate "C"');
  }
}

class PostgresDriver implements Driver {
  readonly #pool: pg.Pool;
  readonly #commit: Commit;

  constructor(pool: pg.Pool, commit: Commit) {
    this.#pool = pool;
    this.#commit = commit;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PostgresConnection> {
    try {
      return new PostgresConnection(await this.#pool.connect(), this.#commit);
    } catch (error) {
      // A full pool opens no connection, but waits for one of those that it has.
      const isFull = this.#pool.totalCount >= this.#pool.options.max && !(error instanceof pg.DatabaseError);
      if (!isFull) throw translated(error);
      throw new NoFreeConnection('All connections to the catalog database were in use.', { cause: error });
    }
  }

  beginTransaction(connection: PostgresConnection): Promise<void> {
    return connection.begin();
  }

  commitTransaction(connection: PostgresConnection): Promise<void> {
    return connection.commit();
  }

  rollbackTransaction(connection: PostgresConnection): Promise<void> {
    return connection.rollback();
  }

  async releaseConnection(connection: PostgresConnection): Promise<void> {
    connection.release();
  }

  async destroy(): Promise<void> {
    await this.#pool.end();
  }
}

/** A connection during a statement or a transaction. */
class PostgresConnection implements DatabaseConnection {
  readonly #client: pg.PoolClient;
  readonly #commit: Commit;
  #isUsable = true;
  #isInTransaction = false;
  #hasWritten = false;
  #begunAt = 0;

  constructor(client: pg.PoolClient, commit: Commit) {
    this.#client = client;
    this.#commit = commit;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const run = async (): Promise<QueryResult<Row>> => {
      const { rows, rowCount } = await this.execute(sql, parameters.map(written));
      if (rowCount !== 0) this.#hasWritten ||= WRITES.test(sql);
      return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
    };
    // What a single statement changed is as uncertain as a transaction, if its answer is lost.
    return this.#isInTransaction || !WRITES.test(sql) ? run() : this.#transaction(run);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the rows of any statement
  async execute(sql: string, parameters?: unknown[]): Promise<pg.QueryResult<any>> {
    try {
      return await this.#client.query(sql, parameters);
    } catch (cause) {
      const error = translated(cause);
      if (endsConnection(error)) this.#isUsable = false;
      throw error;
    }
  }

  async begin(): Promise<void> {
    const [, { rows }] = (await this.execute(BEGIN)) as unknown as readonly [unknown, pg.QueryResult];
    this.#begunAt = rows[0].at;
    this.#isInTransaction = true;
    this.#hasWritten = false;
  }

  async commit(): Promise<void> {
    // A transaction that changed nothing needs no proof that it was committed.
    if (this.#hasWritten) await this.#commit(this, this.#begunAt);
    else await this.execute('commit');
    this.#isInTransaction = false;
  }

  async rollback(): Promise<void> {
    this.#isInTransaction = false;
    // The server rolls back as well once the connection is lost, or closed by `release`.
    if (this.#isUsable) await this.execute('rollback').catch(() => undefined);
  }

  streamQuery(): never {
    throw new Error('the catalog is read page by page');
  }

  /** A connection that is lost, waits for an answer that may never come, or is still in a transaction is not used again. */
  release(): void {
    this.#client.release(!this.#isUsable || this.#client.getTransactionStatus() !== 'I');
  }

  async #transaction<T>(run: () => Promise<T>): Promise<T> {
    await this.begin();
    try {
      const result = await run();
      await this.commit();
      return result;
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }
}

function written(value: unknown): unknown {
  return typeof value === 'string' ? writtenText(value) : value;
}
