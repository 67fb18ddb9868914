import { type Static, Type } from 'typebox';

/** A customer ID in a request body. JSON numbers and strings denote the same ID. */
export const CustomerId = Type.Union([Type.Integer(), Type.String()], {
  $id: 'CustomerId',
  title: 'Customer ID',
  description:
    'A non-negative integer, a UUID, or 1 to 64 characters of a-z, 0-9, _ and -, starting with a letter or digit. Case-insensitive.',
  examples: [1000, '1000'],
});
export type CustomerId = Static<typeof CustomerId>;

export const CustomerParams = Type.Object({
  id: Type.String({ description: 'The customer ID, case-insensitive.', examples: ['1000'] }),
});
export type CustomerParams = Static<typeof CustomerParams>;
