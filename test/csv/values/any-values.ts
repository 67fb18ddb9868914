import fc from 'fast-check';
import type { ValueFormat } from '../../../src/model/value-format.ts';
import { anyText } from './reading.ts';

/** A format of each kind. */
export const FORMATS: readonly ValueFormat[] = [
  { type: 'text' },
  { type: 'unknown' },
  { type: 'boolean' },
  ...([null, ',', '.', ' ', "'"] as const).map((thousands): ValueFormat => ({ type: 'integer', thousands })),
  ...([null, ',', ' ', "'"] as const).map((thousands): ValueFormat => ({ type: 'number', decimal: '.', thousands })),
  ...([null, '.', ' ', "'"] as const).map((thousands): ValueFormat => ({ type: 'number', decimal: ',', thousands })),
  ...([null, 'dmy', 'mdy', 'ymd'] as const).flatMap((order): ValueFormat[] => [
    { type: 'date', order, pattern: null },
    { type: 'timestamp', order, pattern: null, timeZone: 'UTC' },
  ]),
  { type: 'timestamp', order: null, pattern: 'epoch_ms', timeZone: 'UTC' },
  { type: 'date', order: null, pattern: '%d.%m.%y' },
  { type: 'timestamp', order: null, pattern: '%j/%Y %I:%M %p', timeZone: 'UTC' },
];

const pieces = fc.constantFrom(
  ...[
    '0',
    '1',
    '12',
    '2024',
    '31',
    '99',
    '250',
    '000',
    '007',
    '9007199254740993',
    '-',
    '+',
    '.',
    ',',
    ' ',
    "'",
    '’',
    '/',
    ':',
    'T',
    'Z',
  ],
  ...[
    'e',
    'E',
    'Jan',
    'jan.',
    'Tue,',
    'AM',
    'pm',
    'UTC',
    '+01:00',
    '_',
    'x',
    '\u00a0',
    '\u202f',
    '(',
    ')',
    'true',
    'False',
    'nan',
    'inf',
  ],
);
/** Texts that are values in some format, or almost. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  fc.array(pieces, { minLength: 1, maxLength: 9 }).map((parts) => parts.join('')),
  anyText,
  fc.double().map(String),
  fc.bigInt().map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
);
