import { type Static, type TSchema, Type } from 'typebox';
import { nullable } from './values.ts';

const cursor = Type.Optional(
  Type.String({ minLength: 1, maxLength: 200, description: 'The `next_cursor` of the previous page.' }),
);

/** Query parameters of a list: at most `max` items per page. */
export function pageQuery(defaultLimit: number, max: number) {
  return {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: max,
        default: defaultLimit,
        description: 'Maximum number of items per page.',
      }),
    ),
    cursor,
  };
}

export const DEFAULT_PAGE_LIMIT = 50;

export const PageQuery = Type.Object(pageQuery(DEFAULT_PAGE_LIMIT, 200), { additionalProperties: false });
export type PageQuery = Static<typeof PageQuery>;

export const NextCursor = nullable(Type.String(), {
  description: 'Pass it as `cursor` to get the next page. Null on the last page.',
});

/** One page of a list. */
export function pageOf<Item extends TSchema>(item: Item, $id: string) {
  return Type.Object({ items: Type.Array(item), next_cursor: NextCursor }, { $id });
}
