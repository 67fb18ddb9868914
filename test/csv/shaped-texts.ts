import fc from 'fast-check';

const digits = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength, maxLength });

const wholes = fc.tuple(fc.constantFrom('', '-'), digits(1, 20)).map((parts) => parts.join(''));
const decimals = fc
  .tuple(fc.constantFrom('', '-'), digits(0, 17), fc.constant('.'), digits(0, 17))
  .map((parts) => parts.join(''));
const days = fc
  .tuple(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }))
  .map(([year, month, day]) =>
    [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-'),
  );
const moments = fc
  .tuple(
    days,
    fc.constantFrom(' ', 'T', '  ', 't'),
    fc.integer({ min: 0, max: 25 }),
    fc.constantFrom('30', '00', '59', '60'),
    fc.constantFrom('', ':00', ':59', ':60', ':30.', ':30.1', ':30.123456', ':30.1234567', ':30Z', ':30+02:00'),
  )
  .map(([day, between, hour, minute, rest]) => `${day}${between}${String(hour).padStart(2, '0')}:${minute}${rest}`);

/** Numbers of the maximum length, and one digit longer. */
const longest = fc
  .tuple(fc.constantFrom('', '-'), fc.constantFrom(15, 16, 18, 19), fc.constantFrom('', '.5'))
  .map(([sign, length, fraction]) => sign + '9'.repeat(length) + fraction);

/** A text of one of the shapes with one character changed. */
const changed = fc
  .tuple(fc.oneof(wholes, decimals, days, moments), fc.nat(), fc.constantFrom(...'0-.: TeE+_x'))
  .map(([text, place, by]) => {
    const at = place % (text.length + 1);
    return `${text.slice(0, at)}${by}${text.slice(at + 1)}`;
  });

/** Texts that have one of the shapes, or almost. Without spaces at the start. */
const texts: fc.Arbitrary<string> = fc
  .oneof(
    wholes,
    decimals,
    days,
    moments,
    changed,
    longest,
    fc.constantFrom('', '0', '-0', '-', '.', '-.5', '5.', '00', 'x'),
  )
  .map((text) => text.trim());

/** The value of a field, and how it is written. `""` is an empty string, nothing at all is null. */
export interface ShapedField {
  readonly text: string;
  readonly written: string;
  readonly isQuoted: boolean;
}

const plainFields: fc.Arbitrary<ShapedField> = texts.map((text) => ({ text, written: text, isQuoted: false }));

/** Including quoted fields, with any content. */
export const shapedFields: fc.Arbitrary<ShapedField> = fc.oneof(
  plainFields,
  fc
    .tuple(texts, fc.constantFrom('', '', '', '"', ',', '\n', '",', '""', '"\n'), fc.nat())
    .map(([text, within, place]) => {
      const at = within === '' ? 0 : place % (text.length + 1);
      const quoted = text.slice(0, at) + within + text.slice(at);
      return { text: quoted, written: `"${quoted.replaceAll('"', '""')}"`, isQuoted: true };
    }),
);
