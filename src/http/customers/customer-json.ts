import type * as api from '../../api/customers.ts';
import type { Customer } from '../../catalog/customer.ts';
import { tableJson } from '../tables/table-json.ts';

export function customerJson(customer: Customer): api.Customer {
  return {
    id: customer.id,
    created_at: customer.createdAt.toISOString(),
    declared: {
      time_column: customer.declaredTimeColumn,
      columns: customer.declaredColumns?.map(({ name, type, format }) => ({ name, type, format })) ?? null,
    },
    table: customer.table && tableJson(customer.table),
  };
}
