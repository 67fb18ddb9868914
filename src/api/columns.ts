import { type Static, Type } from 'typebox';
import { nullable, oneOf } from './values.ts';

const TYPES = ['integer', 'number', 'boolean', 'date', 'timestamp', 'text'] as const;

export const ColumnType = oneOf([...TYPES, 'unknown'], {
  $id: 'ColumnType',
  description:
    'Type of the values of a column. A `timestamp` is in UTC with microseconds. A column is `unknown` as long as all of its values are null: it takes the type of the first file that has a value.',
});
export type ColumnType = Static<typeof ColumnType>;

export const DeclaredType = oneOf(TYPES, {
  $id: 'DeclaredType',
  description: 'A type that a column can be declared with. A `timestamp` is in UTC with microseconds.',
});
export type DeclaredType = Static<typeof DeclaredType>;

const name = Type.String({ minLength: 1, maxLength: 255 });

const derivedFrom = {
  derived_from: Type.Optional(
    Type.Array(name, {
      description:
        'The columns of days and of times of day that its times are made of. Files do not have the column itself.',
      examples: [['Date', 'Time']],
    }),
  ),
};

export const Column = Type.Object({ name, type: ColumnType, ...derivedFrom }, { $id: 'Column', title: 'Column' });
export type Column = Static<typeof Column>;

/** A column of a file, and how its texts were read. */
export const ColumnFormat = Type.Object(
  {
    name,
    type: ColumnType,
    format: nullable(Type.String(), {
      description: 'The declared format of its times; null: none was declared.',
      examples: ['%d/%m/%Y'],
    }),
    order: nullable(oneOf(['dmy', 'mdy', 'ymd']), {
      description: 'Order of day, month and year in numeric dates; null if it makes no difference.',
    }),
    decimal: nullable(oneOf(['.', ',']), { description: 'Decimal mark of numbers.' }),
    thousands: nullable(oneOf([',', '.', ' ', "'"]), { description: 'Mark between thousands.' }),
    time_zone: nullable(Type.String(), { description: 'Time zone of times without an offset.', examples: ['UTC'] }),
    ...derivedFrom,
  },
  { $id: 'ColumnFormat', title: 'Column format' },
);
export type ColumnFormat = Static<typeof ColumnFormat>;

export const DeclaredColumn = Type.Object(
  {
    name,
    type: DeclaredType,
    format: Type.Optional(
      nullable(Type.String(), {
        description:
          'Format of dates and timestamps: a strptime format, or `epoch_s`, `epoch_ms`, `epoch_us` or `epoch_ns`, of at most 200 characters. All values must have it. Null: any format that is recognized.',
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

/** What an upload declares of a column; null: not declared. */
export const DeclaredInUpload = Type.Object(
  {
    name,
    type: nullable(ColumnType),
    format: nullable(Type.String()),
    time_zone: nullable(Type.String()),
  },
  { $id: 'DeclaredInUpload', title: 'Column declared by an upload' },
);
export type DeclaredInUpload = Static<typeof DeclaredInUpload>;
