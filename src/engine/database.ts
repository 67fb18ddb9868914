import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { EngineSettings } from './protocol.ts';
import { catalogName, literal } from './sql.ts';
import { renameColumns } from './tables/rename-columns.ts';

/**
 * Connections that report the progress of a statement. That is a setting of the connection, which cannot be changed once the
 * configuration is locked: so they are opened before. It is rare that more than these are busy at once.
 */
const PROGRESS_CONNECTIONS = 8;

/** A table file in use. */
interface OpenTable {
  readonly catalog: string;
  users: number;
  /** Writes that are running or queued. */
  writers: number;
  /** Writes that have ended. */
  written: number;
  /** Settles when every write queued so far has ended: DuckDB cannot checkpoint while another write runs. */
  writing: Promise<unknown>;
  readonly reading: Set<Promise<unknown>>;
  /** What readers have found out about the table as it is after `written` writes. */
  found: { readonly written: number; readonly starts: UploadStarts };
}

/** The row ids of the first rows of uploads, by tag. */
export type UploadStarts = Map<number, number>;

/** What a reader is passed about writes to the file. */
export interface ReadContext {
  /** Whether the file may have been written to since the read began. */
  readonly wasWritten: () => boolean;
  /** Shared by all reads between two writes; valid as long as the file was not written to. */
  readonly starts: UploadStarts;
}

/** DuckDB in this process: locked down, with the customers' table files attached on demand. */
export class Database {
  readonly #instance: DuckDBInstance;
  readonly #idle: DuckDBConnection[];
  /** In order of last use, least recent first. */
  readonly #tables = new Map<string, Promise<OpenTable | null>>();
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
    for (let index = 0; index < PROGRESS_CONNECTIONS; index++) {
      const reporting = await instance.connect();
      await reporting.run('SET enable_progress_bar = true');
      await reporting.run('SET enable_progress_bar_print = false');
      idle.push(reporting);
    }
    const directories = settings.directories.map(literal).join(', ');
    // The order matters: lock_configuration must be last, and folders are allowed before external access is disabled.
    for (const setting of [
      `temp_directory = ${literal(settings.tempDirectory)}`,
      `memory_limit = '${Math.floor(settings.memoryBytes / 1024)}KiB'`,
      "max_temp_directory_size = '20GiB'",
      `threads = ${settings.threads}`,
      // Freed memory goes back to the system at once, and not when a later allocation happens to need it.
      'allocator_background_threads = true',
      "allocator_flush_threshold = '16MiB'",
      "allocator_bulk_deallocation_flush_threshold = '16MiB'",
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

  /** Runs `work` on a connection of its own. An abort interrupts the statement that runs on it. */
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

  /** Creates a table file, and runs `work` with it attached. @param work receives the quoted name under which it is attached */
  async creating<T>(path: string, work: (catalog: string) => Promise<T>): Promise<T> {
    for (;;) {
      const table = await this.#use(path, true);
      if (table) return this.#write(table, work);
    }
  }

  /**
   * Runs `work` with a table file attached, after all earlier writes to that file have ended.
   *
   * @param work receives the quoted name under which the file is attached, and a function that waits until all reads that are
   *   running then have ended
   * @throws if there is no file: one that was lost is not replaced by an empty one
   */
  async writing<T>(
    path: string,
    work: (catalog: string, readsEnded: () => Promise<unknown>) => Promise<T>,
  ): Promise<T> {
    const table = await this.#use(path, false);
    if (!table) throw new Error(`the table file ${basename(path)} is missing`);
    return this.#write(table, work);
  }

  async #write<T>(
    table: OpenTable,
    work: (catalog: string, readsEnded: () => Promise<unknown>) => Promise<T>,
  ): Promise<T> {
    table.writers++;
    const turn = table.writing.then(() => work(table.catalog, () => Promise.all(table.reading)));
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
   * Runs `work` with a table file attached, concurrently with writes and other reads.
   *
   * @param work receives what is known about writes to the file
   * @returns null if there is no file
   */
  async reading<T>(path: string, work: (context: ReadContext) => Promise<T>): Promise<T | null> {
    const table = await this.#use(path, false);
    if (!table) return null;
    const { writers, written } = table;
    if (table.found.written !== written) table.found = { written, starts: new Map() };
    const { starts } = table.found;
    const wasWritten = () => writers > 0 || table.writers > 0 || table.written !== written;
    const turn = work({ wasWritten, starts });
    const ended = turn.catch(() => undefined);
    table.reading.add(ended);
    try {
      return await turn;
    } finally {
      table.reading.delete(ended);
      table.users--;
    }
  }

  /** Detaches a table file, and deletes it and its write-ahead log. */
  async remove(path: string): Promise<void> {
    await this.#detach(path, async () => {
      await rm(path, { force: true });
      await rm(`${path}.wal`, { force: true });
    });
  }

  close(): void {
    for (const connection of this.#idle) connection.closeSync();
    this.#instance.closeSync();
  }

  /** @returns null if there is no file, and it was not to be created */
  async #use(path: string, create: boolean): Promise<OpenTable | null> {
    for (;;) {
      const opening = this.#tables.get(path) ?? this.#attach(path, create);
      const table = await opening;
      if (!table) return null;
      // It may have been detached in the meantime.
      if (this.#tables.get(path) !== opening) continue;
      this.#tables.delete(path);
      this.#tables.set(path, opening);
      table.users++;
      await this.#detachOldest();
      return table;
    }
  }

  #attach(path: string, create: boolean): Promise<OpenTable | null> {
    const catalog = catalogName(path);
    const opening = (async () => {
      await this.#detaching.get(path);
      const isNew = !existsSync(path);
      // Attaching would create it.
      if (isNew && !create) return null;
      // The latest storage format loads 10% faster. It is named so that an upgrade is a decision.
      await this.#run(`ATTACH ${literal(path)} AS ${catalog} (STORAGE_VERSION 'v1.5.0')`);
      try {
        if (!isNew) await this.#connected((connection) => renameColumns(connection, path));
      } catch (error) {
        await this.#run(`DETACH ${catalog}`);
        throw error;
      }
      return {
        catalog,
        users: 0,
        writers: 0,
        written: 0,
        writing: Promise.resolve(),
        reading: new Set<Promise<unknown>>(),
        found: { written: 0, starts: new Map<number, number>() },
      };
    })();
    this.#tables.set(path, opening);
    const forget = (): void => {
      if (this.#tables.get(path) === opening) this.#tables.delete(path);
    };
    opening.then((table) => table ?? forget(), forget);
    return opening;
  }

  async #detachOldest(): Promise<void> {
    for (const [path, opening] of [...this.#tables]) {
      if (this.#tables.size <= this.#openTables) return;
      const table = await opening.catch(() => null);
      if (table?.users === 0 && this.#tables.get(path) === opening) await this.#detach(path);
    }
  }

  /** @param then runs before the file can be attached again */
  async #detach(path: string, then: () => Promise<void> = async () => undefined): Promise<void> {
    const opening = this.#tables.get(path);
    const earlier = this.#detaching.get(path);
    this.#tables.delete(path);
    const detached = (async () => {
      await earlier?.catch(() => undefined);
      const table = await opening?.catch(() => null);
      // Some may have the table, and not have begun with their work.
      while (table && table.users > 0) {
        await Promise.all([table.writing, ...table.reading]);
        await nextTurn();
      }
      if (table) await this.#run(`DETACH ${table.catalog}`);
      await then();
    })();
    this.#detaching.set(path, detached);
    await detached.finally(() => {
      if (this.#detaching.get(path) === detached) this.#detaching.delete(path);
    });
  }

  async #run(statement: string): Promise<void> {
    await this.#connected((connection) => connection.run(statement));
  }

  /** As `connected`, but cannot be aborted. */
  #connected<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.connected(new AbortController().signal, work);
  }
}
