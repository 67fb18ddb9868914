import { type Static, Type } from 'typebox';
import { DeclaredColumn } from './columns.ts';
import { CustomerId } from './customer-id.ts';
import { NewApiKey } from './keys.ts';
import { pageOf } from './pages.ts';
import { TableState } from './tables.ts';
import { GivenDefaults, ShownDefaults } from './upload-options.ts';
import { nullable, Timestamp } from './values.ts';

export const CreateCustomer = Type.Object(
  {
    customer_id: Type.Optional(CustomerId),
    id: Type.Optional(CustomerId),
    time_column: Type.Optional(
      nullable(Type.String({ minLength: 1, maxLength: 511 }), {
        description:
          'The column with the time of a row, or a column of days and one of times of day, such as `Date+Time`. Default: the leftmost timestamp column, or else date column.',
      }),
    ),
    columns: Type.Optional(
      nullable(Type.Array(DeclaredColumn, { minItems: 1 }), {
        description: "The table's columns. Default: inferred from the first file.",
      }),
    ),
    defaults: Type.Optional(GivenDefaults),
  },
  {
    $id: 'CreateCustomer',
    title: 'Customer to create',
    description: '`customer_id` is required; `id` is an alias.',
    additionalProperties: false,
  },
);
export type CreateCustomer = Static<typeof CreateCustomer>;

export const Customer = Type.Object(
  {
    id: Type.String({ description: 'In canonical form: a lower-case string.', examples: ['1000'] }),
    created_at: Timestamp,
    declared: Type.Object(
      {
        time_column: nullable(Type.String()),
        columns: nullable(Type.Array(DeclaredColumn)),
        defaults: ShownDefaults,
      },
      { description: 'What the customer was created with.' },
    ),
    table: nullable(TableState, { description: 'Null until an upload is complete.' }),
  },
  { $id: 'Customer', title: 'Customer' },
);
export type Customer = Static<typeof Customer>;

export const CreatedCustomer = Type.Object({ customer: Customer, api_key: NewApiKey }, { $id: 'CreatedCustomer' });
export type CreatedCustomer = Static<typeof CreatedCustomer>;

export const CustomerPage = pageOf(Customer, 'CustomerPage');
export type CustomerPage = Static<typeof CustomerPage>;
