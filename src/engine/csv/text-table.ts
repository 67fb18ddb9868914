import type { DuckDBConnection } from '@duckdb/node-api';
import { textName } from './read-csv-sql.ts';

/** A temporary table of texts `c0, c1, …`, to run SQL over fields that were not read by `read_csv`. */
export class TextTable {
  readonly name: string;
  readonly #connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection, name: string) {
    this.#connection = connection;
    this.name = name;
  }

  /** Creates the table on a connection. It has one more column, `record INTEGER`. */
  static async open(connection: DuckDBConnection, name: string, columns: number): Promise<TextTable> {
    const texts = Array.from({ length: columns }, (_, index) => `${textName(index)} VARCHAR`);
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${name} (${texts.join(', ')}, record INTEGER)`);
    return new TextTable(connection, name);
  }

  /** Replaces all rows. `record` is the index of each. */
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
