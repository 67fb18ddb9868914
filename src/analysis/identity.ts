import type { TableForReading } from '../catalog/table-state.ts';
import type { CustomerId } from '../model/ids.ts';

/**
 * Identifies what is read of one version of a table. Requests with the same meaning have the same identity: a plan has one order and
 * one spelling for everything.
 *
 * @param name distinguishes the same plan with another result
 */
export function identityOf(
  customerId: CustomerId,
  { table, createdAt }: TableForReading,
  name: string,
  plan: object,
): string {
  const text = JSON.stringify(plan, (_, value) => {
    if (typeof value === 'bigint') return `${value}n`;
    return typeof value === 'number' && !Number.isFinite(value) ? `${value}f` : value;
  });
  return [customerId, createdAt.getTime(), table.version, name, text].join(' ');
}
