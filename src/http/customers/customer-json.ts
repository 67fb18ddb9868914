import type * as api from '../../api/customers.ts';
import type { Customer } from '../../catalog/customer.ts';
import { declaredColumn } from '../../csv/values/value-options.ts';
import { tableJson } from '../tables/table-json.ts';
import { defaultsJson } from '../uploads/upload-options.ts';

export function customerJson(customer: Customer): api.Customer {
  return {
    id: customer.id,
    created_at: customer.createdAt.toISOString(),
    declared: {
      time_column: customer.declaredTimeColumn,
      columns:
        customer.declaredColumns?.map(({ name, type, format }) => ({
          name,
          type,
          format,
          time_zone: declaredColumn(customer.defaults.values, name).timeZone,
        })) ?? null,
      defaults: defaultsJson(customer.defaults),
    },
    table: customer.table && tableJson(customer.table),
  };
}
