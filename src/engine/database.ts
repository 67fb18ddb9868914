import { rm } from 'node:fs/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { EngineSettings } from './protocol.ts';
import { catalogName, literal } from './sql.ts';

/**
 * Connections that tell how far a statement is. That is a setting of a connection, and none can be set once the configuration is
 * locked: so these are made before, and more than these are rarely busy at once.
 */
const TELLING_CONNECTIONS = 8;

/** A table file in use. */
interface OpenTable {
  readonly catalog: string;
  users: number;
  /** Pieces of writing that have begun, or wait for their turn, and those that have ended. */
  writers: number;
  written: number;
  /** Ends when every piece of writing begun so far has ended: DuckDB cannot checkpoint beside another writer. */
  writing: Promise<unknown>;
  readonly reading: Set<Promise<unknown>>;
}

/** DuckDB in this process: locked down, with the customers' table files attached as they are needed. */
export class Database {
  readonly #instance: DuckDBInstance;
  readonly #idle: DuckDBConnection[];
  /** In order of last use, the oldest first. */
  readonly #tables = new Map<string, Promise<OpenTable>>();
  readonly #detaching = new Map<string, Promise<void>>();
  readonly #openTables: number;

  private constructor(instance: DuckDBInstance, idle: DuckDBConnection[], openTables: number) {
    this.#instance = instance;
    this.#idle = idle;
    this.#openTables = openTables;
  }

  static async open(settings: EngineSettings): Promise<Database> {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const idle: DuckDBConnection[] = [];
    for (let index = 0; index < TELLING_CONNECTIONS; index++) {
      const telling = await instance.connect();
      await telling.run('SET enable_progress_bar = true');
      await telling.run('SET enable_progress_bar_print = false');
      idle.push(telling);
    }
    const directories = settings.directories.map(literal).join(', ');
    // The order matters: a setting after lock_configuration is refused, and folders must be allowed before access ends.
    for (const setting of [
      `temp_directory = ${literal(settings.tempDirectory)}`,
      `memory_limit = '${Math.floor(settings.memoryBytes / 1024)}KiB'`,
      "max_temp_directory_size = '20GiB'",
      `threads = ${settings.threads}`,
      'preserve_insertion_order = false',
      "TimeZone = 'UTC'",
      'autoinstall_known_extensions = false',
      'autoload_known_extensions = false',
      'allow_community_extensions = false',
      `allowed_directories = [${directories}]`,
      'enable_external_access = false',
      'lock_configuration = true',
    ]) {
      await connection.run(`SET ${setting}`);
    }
    connection.closeSync();
    return new Database(instance, idle, settings.openTables);
  }

  /** Runs `work` on a connection of its own; an abort interrupts what runs on it. */
  async connected<T>(signal: AbortSignal, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const connection = this.#idle.pop() ?? (await this.#instance.connect());
    const interrupt = (): void => connection.interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      const result = await work(connection);
      signal.throwIfAborted();
      return result;
    } finally {
      signal.removeEventListener('abort', interrupt);
      this.#idle.push(connection);
    }
  }

  /**
   * Runs `work` with a table file attached, alone among the writers of that file.
   *
   * @param work gets the name under which the file is attached, quoted
   */
  async writing<T>(path: string, work: (catalog: string) => Promise<T>): Promise<T> {
    const table = await this.#use(path);
    table.writers++;
    const turn = table.writing.then(() => work(table.catalog));
    table.writing = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      table.writers--;
      table.written++;
      table.users--;
    }
  }

  /**
   * Runs `work` with a table file attached, beside its writers and other readers; it stays attached meanwhile.
   *
   * @param work gets a question: may the file have been written to since it began?
   */
  async reading<T>(path: string, work: (wasWritten: () => boolean) => Promise<T>): Promise<T> {
    const table = await this.#use(path);
    const { writers, written } = table;
    const turn = work(() => writers > 0 || table.writers > 0 || table.written !== written);
    const ended = turn.catch(() => undefined);
    table.reading.add(ended);
    try {
      return await turn;
    } finally {
      table.reading.delete(ended);
      table.users--;
    }
  }

  /** Detaches and deletes a table file and its write-ahead log. */
  async remove(path: string): Promise<void> {
    await this.#detach(path);
    await rm(path, { force: true });
    await rm(`${path}.wal`, { force: true });
  }

  close(): void {
    for (const connection of this.#idle) connection.closeSync();
    this.#instance.closeSync();
  }

  async #use(path: string): Promise<OpenTable> {
    for (;;) {
      const opening = this.#tables.get(path) ?? this.#attach(path);
      const table = await opening;
      // It may have been detached while this waited.
      if (this.#tables.get(path) !== opening) continue;
      this.#tables.delete(path);
      this.#tables.set(path, opening);
      table.users++;
      await this.#detachOldest();
      return table;
    }
  }

  #attach(path: string): Promise<OpenTable> {
    const catalog = catalogName(path);
    const opening = (async () => {
      await this.#detaching.get(path);
      // Files of the newest format load in a tenth less time; the version is named so that an upgrade is a decision.
      await this.#run(`ATTACH ${literal(path)} AS ${catalog} (STORAGE_VERSION 'v1.5.0')`);
      return {
        catalog,
        users: 0,
        writers: 0,
        written: 0,
        writing: Promise.resolve(),
        reading: new Set<Promise<unknown>>(),
      };
    })();
    this.#tables.set(path, opening);
    opening.catch(() => this.#tables.delete(path));
    return opening;
  }

  async #detachOldest(): Promise<void> {
    for (const [path, opening] of [...this.#tables]) {
      if (this.#tables.size <= this.#openTables) return;
      const table = await opening.catch(() => null);
      if (table?.users === 0 && this.#tables.get(path) === opening) await this.#detach(path);
    }
  }

  async #detach(path: string): Promise<void> {
    const opening = this.#tables.get(path);
    if (!opening) return;
    this.#tables.delete(path);
    const detached = (async () => {
      const table = await opening;
      await table.writing;
      await Promise.all(table.reading);
      await this.#run(`DETACH ${table.catalog}`);
    })();
    this.#detaching.set(path, detached);
    await detached.finally(() => {
      if (this.#detaching.get(path) === detached) this.#detaching.delete(path);
    });
  }

  async #run(statement: string): Promise<void> {
    await this.connected(new AbortController().signal, (connection) => connection.run(statement));
  }
}
