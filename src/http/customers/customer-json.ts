import { type Static, Type } from 'typebox';
import type { ApiKey } from '../../catalog/api-key.ts';
import type { Customer } from '../../catalog/customer.ts';
import { ColumnFormatSchema, TableSchema, tableJson } from '../tables/table-json.ts';

export const CustomerParams = Type.Object({
  id: Type.String({ description: 'The id of the customer, in any letter case.', examples: ['1000'] }),
});

export const CustomerSchema = Type.Object({
  id: Type.String({ description: 'In its canonical form: a string in lower case.', examples: ['1000'] }),
  created_at: Type.String({ format: 'date-time' }),
  declared: Type.Object(
    {
      time_column: Type.Union([Type.String(), Type.Null()]),
      columns: Type.Union([Type.Array(ColumnFormatSchema), Type.Null()]),
    },
    { description: 'What was asked for when the customer was created.' },
  ),
  table: Type.Union([TableSchema, Type.Null()], { description: 'Null until an upload is complete.' }),
});

export function customerJson(customer: Customer): Static<typeof CustomerSchema> {
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

export const RightSchema = Type.Union([Type.Literal('read'), Type.Literal('upload')]);

const keyMembers = {
  id: Type.String({ examples: ['key_0123456789abcdef01'] }),
  label: Type.Union([Type.String(), Type.Null()]),
  rights: Type.Array(RightSchema),
  created_at: Type.String({ format: 'date-time' }),
  revoked_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
};

export const ApiKeySchema = Type.Object(keyMembers);

export const NewApiKeySchema = Type.Object({
  ...keyMembers,
  key: Type.String({ description: 'Shown this once; Thena keeps only its hash.', examples: ['thena_…'] }),
});

export function apiKeyJson(key: ApiKey): Static<typeof ApiKeySchema> {
  return {
    id: key.id,
    label: key.label,
    rights: [...key.rights],
    created_at: key.createdAt.toISOString(),
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}
