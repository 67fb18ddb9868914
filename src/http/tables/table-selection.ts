import { type Static, Type } from 'typebox';
import type { SelectionRequest } from '../../analysis/read-selection.ts';

/** How a URL says which columns and rows of a table are wanted. */
export const SelectionQuery = {
  columns: Type.Optional(
    Type.Union([Type.Array(Type.String({ maxLength: 2000 }), { maxItems: 1000 }), Type.String({ maxLength: 2000 })], {
      description:
        'Names of columns, in the order wanted: with commas between them, or one a parameter where a name has a comma. Default: all.',
      examples: ['occurred_at,amount'],
    }),
  ),
  where: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'A condition as in the `where` of a query, as JSON text.',
      examples: ['{"column":"amount","op":">","value":0}'],
    }),
  ),
};

const Query = Type.Object(SelectionQuery);

export function selectionOf({ columns, where }: Static<typeof Query>): SelectionRequest {
  return { columns: columns === undefined ? [] : [columns].flat(), where: where ?? null };
}
