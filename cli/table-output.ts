import type { TableResult } from '../src/api/analyses.ts';
import type { JsonValue } from '../src/api/values.ts';
import { jsonLine, type Terminal } from './terminal.ts';
import { csvLine, openTable, type TextTable } from './text-table.ts';

export interface TableOutput {
  /** Has to come first. Repeated calls are ignored. */
  columns(names: readonly string[]): Promise<void>;
  row(values: readonly JsonValue[]): Promise<void>;
  end(): Promise<void>;
}

/** Rows as aligned text, as CSV, or as JSON with an object per line. */
export function tableOutput(terminal: Terminal, format: 'text' | 'csv' | 'json'): TableOutput {
  let names: readonly string[] | null = null;
  let table: TextTable | null = null;
  return {
    async columns(given) {
      if (names !== null) return;
      names = given;
      if (format === 'csv') await terminal.writeUntrusted(csvLine(given));
      if (format === 'text') table = openTable(terminal, given);
    },
    async row(values) {
      if (format === 'text') await table?.add(values);
      else if (format === 'csv') await terminal.writeUntrusted(csvLine(values));
      else {
        const members = (names ?? []).map((name, index) => [name, values[index] ?? null]);
        await terminal.write(jsonLine(Object.fromEntries(members)));
      }
    },
    async end() {
      await table?.end();
    },
  };
}

/** The result of an analysis: its table, or its members. As JSON, the whole answer. */
export async function writeResult(
  terminal: Terminal,
  analysis: { readonly result: object },
  format: 'text' | 'csv' | 'json',
): Promise<void> {
  if (format === 'json') {
    await terminal.write(jsonLine(analysis));
    return;
  }
  for (const { column, error } of approximations(analysis.result)) {
    terminal.note(`${column} is approximate: its error is at most ${error}.`);
  }
  const output = tableOutput(terminal, format);
  const { names, rows } = tableOf(analysis.result);
  await output.columns(names);
  for (const row of rows) await output.row(row);
  await output.end();
}

function approximations(result: object): NonNullable<TableResult['approximate']> {
  return ('approximate' in result && (result as TableResult).approximate) || [];
}

function tableOf(result: object): { names: readonly string[]; rows: readonly (readonly JsonValue[])[] } {
  const { columns, rows } = result as {
    readonly columns?: readonly Readonly<Record<string, unknown>>[];
    readonly rows?: readonly (readonly JsonValue[])[];
  };
  if (columns && rows) return { names: columns.map(({ name }) => String(name)), rows };
  if (!columns) return { names: Object.keys(result), rows: [Object.values(result).map(cellOf)] };
  // A profile: a row per column.
  const flat = columns.map(({ quartiles, ...rest }) => ({ ...rest, ...(quartiles as object | null) }));
  const names = [...new Set(flat.flatMap((column) => Object.keys(column)))];
  return { names, rows: flat.map((column) => names.map((name) => cellOf(column[name as keyof typeof column]))) };
}

function cellOf(value: unknown): JsonValue {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : ((value ?? null) as JsonValue);
}
