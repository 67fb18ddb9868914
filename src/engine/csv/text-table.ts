import type { DuckDBConnection } from '@duckdb/node-api';
import { textName } from './read-csv.ts';

/** A temporary table of texts `c0, c1, …`, for asking SQL about values that were read by other means than `read_csv`. */
export class TextTable {
  readonly name: string;
  readonly #connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection, name: string) {
    this.#connection = connection;
    this.name = name;
  }

  /** Makes the table on a connection, where it lives until `close`. It has a further column, `record INTEGER`. */
  static async open(connection: DuckDBConnection, name: string, columns: number): Promise<TextTable> {
    const texts = Array.from({ length: columns }, (_, index) => `${textName(index)} VARCHAR`);
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${name} (${texts.join(', ')}, record INTEGER)`);
    return new TextTable(connection, name);
  }

  /** Replaces what is in the table; `record` is the index of each row. */
  async fill(rows: readonly (readonly (string | null)[])[]): Promise<void> {
    await this.#connection.run(`DELETE FROM ${this.name}`);
    const appender = await this.#connection.createAppender(this.name, 'main', 'temp');
    for (const [record, fields] of rows.entries()) {
      for (const field of fields) {
        if (field === null) appender.appendNull();
        else appender.appendVarchar(field);
      }
      appender.appendInteger(record);
      appender.endRow();
    }
    appender.closeSync();
  }

  async close(): Promise<void> {
    await this.#connection.run(`DROP TABLE ${this.name}`);
  }
}
