import { type TSchema, Type } from 'typebox';

/** How a list is asked for. */
export const PageQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'Most items to give.' })),
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'The `next_cursor` of the page before.' }),
    ),
  },
  { additionalProperties: false },
);

/** A page of a list. */
export function pageOf<T extends TSchema>(items: T) {
  return Type.Object({
    items: Type.Array(items),
    next_cursor: Type.Union([Type.String(), Type.Null()], {
      description: 'Send it as `cursor` to get the next page; null on the last one.',
    }),
  });
}
