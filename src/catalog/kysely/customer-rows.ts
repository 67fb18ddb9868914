import type { TableColumn } from '../../model/parsed-columns.ts';
import { NOTHING_SETTLED } from '../../model/value-format.ts';
import type { ApiKey } from '../api-key.ts';
import type { Customer } from '../customer.ts';
import type { TableState } from '../table-state.ts';
import { type CustomerDefaults, NO_DEFAULTS } from '../upload-options.ts';
import { type ApiKeyRow, type CustomerRow, micros } from './catalog-tables.ts';

/** Earlier versions stored no `settled`. */
type StoredColumn = Omit<TableColumn, 'settled'> & Partial<TableColumn>;

export function customerOf(row: CustomerRow): Customer {
  return {
    id: row.id,
    createdAt: new Date(row.created_at),
    isProvisional: row.appeared === 1 && row.version === 0,
    declaredTimeColumn: row.declared_time_column,
    declaredColumns: row.declared_columns === null ? null : JSON.parse(row.declared_columns),
    defaults: row.defaults === null ? NO_DEFAULTS : defaultsOf(row.defaults),
    table: tableOf(row),
  };
}

/** Earlier versions stored options for values only. */
function defaultsOf(json: string): CustomerDefaults {
  const stored = JSON.parse(json);
  return 'values' in stored ? stored : { values: stored };
}

export function tableOf(row: CustomerRow): TableState | null {
  if (row.table_columns === null || row.table_id === null) return null;
  return {
    tableId: row.table_id,
    columns: columnsOf(row.table_columns),
    timeColumn: row.time_column,
    rows: row.row_count,
    version: row.version,
    firstRowAt: micros(row.first_row_at),
    earliestAt: micros(row.earliest_at),
    latestAt: micros(row.latest_at),
  };
}

/** @param json of `table_columns` */
export function columnsOf(json: string): readonly TableColumn[] {
  return (JSON.parse(json) as readonly StoredColumn[]).map((column) => ({ settled: NOTHING_SETTLED, ...column }));
}

export function apiKeyOf(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    customerId: row.customer_id,
    label: row.label,
    rights: JSON.parse(row.rights),
    createdAt: new Date(row.created_at),
    revokedAt: row.revoked_at === null ? null : new Date(row.revoked_at),
  };
}
