import { type Static, Type } from 'typebox';
import { nullable, oneOf } from './values.ts';

export const ColumnType = oneOf(['integer', 'number', 'boolean', 'date', 'timestamp', 'text'], {
  $id: 'ColumnType',
  description: 'Type of the values of a column. A `timestamp` is in UTC with microseconds.',
});
export type ColumnType = Static<typeof ColumnType>;

const name = Type.String({ minLength: 1, maxLength: 255 });

export const Column = Type.Object({ name, type: ColumnType }, { $id: 'Column', title: 'Column' });
export type Column = Static<typeof Column>;

/** A column, and the format of its values in a file. */
export const ColumnFormat = Type.Object(
  {
    name,
    type: ColumnType,
    format: nullable(Type.String(), {
      description: 'strptime format of dates and timestamps that are not ISO 8601; null otherwise.',
      examples: ['%d/%m/%Y'],
    }),
  },
  { $id: 'ColumnFormat', title: 'Column format' },
);
export type ColumnFormat = Static<typeof ColumnFormat>;

export const DeclaredColumn = Type.Object(
  {
    name,
    type: ColumnType,
    format: Type.Optional(
      nullable(Type.String(), {
        description:
          'strptime format of dates and timestamps that are not ISO 8601. It is tried first, and decides between day and month if a date fits both.',
        examples: ['%d/%m/%Y'],
      }),
    ),
    time_zone: Type.Optional(
      nullable(Type.String(), {
        description: 'Time zone of the times without an offset, by its name in the IANA database.',
        examples: ['Europe/Berlin'],
      }),
    ),
  },
  { $id: 'DeclaredColumn', title: 'Declared column', additionalProperties: false },
);
export type DeclaredColumn = Static<typeof DeclaredColumn>;
