import type { Catalog, TableState } from '../catalog/catalog.ts';
import { Problem } from '../errors.ts';
import type { Grant } from '../table/grant.ts';
import type { CustomerId } from '../table/ids.ts';
import { findAnalyzeType, type NamedAnalysis } from './analyze-types.ts';
import { STANDING_ANSWERS, type TimeDifference, type TimeSpan, type TotalRows } from './standing-answers.ts';

/** The answer to an analysis, as JSON gives it. */
export interface Answer {
  /** The canonical id: a string, also where the request sent a number. */
  readonly customer_id: CustomerId;
  readonly analyze_type: number;
  readonly name: string;
  readonly result: TimeDifference | TotalRows | TimeSpan;
  /** The state of the table that was answered of. */
  readonly table: { readonly rows: number; readonly version: number };
}

export interface Analysis {
  /** @throws Problem analyze_type_missing, analyze_type_unknown, bad_request, table_empty, no_time_column */
  answer(grant: Grant, request: NamedAnalysis): Promise<Answer>;
}

/** The way of an analysis: request → type → the table's state in the catalog → result. */
export function createAnalysis(catalog: Pick<Catalog, 'findCustomer'>): Analysis {
  return {
    async answer(grant, request) {
      const { number, name } = findAnalyzeType(request);
      const table = await tableOf(catalog, grant);
      return {
        customer_id: grant.customerId,
        analyze_type: number,
        name,
        result: STANDING_ANSWERS[name](table),
        table: { rows: table.rows, version: table.version },
      };
    },
  };
}

async function tableOf(catalog: Pick<Catalog, 'findCustomer'>, { customerId }: Grant): Promise<TableState> {
  const customer = await catalog.findCustomer(customerId);
  if (customer?.table) return customer.table;
  throw new Problem('table_empty', `No upload of customer ${customerId} is complete yet.`);
}
