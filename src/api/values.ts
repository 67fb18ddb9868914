import { type Static, type TSchema, type TSchemaOptions, Type } from 'typebox';

/** The schema, or null. */
export function nullable<Schema extends TSchema>(schema: Schema, options: TSchemaOptions = {}) {
  return Type.Union([schema, Type.Null()], options);
}

/** One of a closed list of strings. */
export function oneOf<const Values extends string[]>(values: readonly [...Values], options: TSchemaOptions = {}) {
  return Type.Enum(values, { type: 'string', ...options });
}

/** When something happened on the server. */
export const Timestamp = Type.String({ format: 'date-time', examples: ['2024-03-01T09:04:30.000Z'] });

export const JsonValue = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()], {
  $id: 'JsonValue',
  description:
    'A value of a table. Integers beyond ±9007199254740991 are strings of digits, as are the strings "NaN", "Infinity" and "-Infinity" for numbers; dates are YYYY-MM-DD; timestamps are ISO 8601. See docs/analyses.md.',
});
export type JsonValue = Static<typeof JsonValue>;

/** A parameter that can be given several times. */
export function texts(maxLength: number) {
  const text = Type.String({ minLength: 1, maxLength });
  return Type.Union([Type.Array(text, { maxItems: 1000 }), text]);
}
