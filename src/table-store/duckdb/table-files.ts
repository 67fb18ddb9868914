import { join } from 'node:path';
import type { TableName } from '../../model/ids.ts';

/** Tables from before tables had IDs: their files have only the name of the customer. */
const EARLIER_TABLE = '000000000000';

/** @param directory the folder of the table files. @returns the function that finds the file of a table */
export function tableFiles(directory: string): (table: TableName) => string {
  return ({ customerId, tableId }) =>
    join(directory, tableId === EARLIER_TABLE ? `${customerId}.duckdb` : `${customerId}_${tableId}.duckdb`);
}
