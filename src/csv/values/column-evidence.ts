import { trimmed } from './classify-text.ts';
import { DMY_OR_YMD, MDY_OR_YMD } from './readings.ts';
import { scanned } from './scanned-time.ts';
import { type UnreadStyle, unreadStyle } from './unread-style.ts';
import { type Classifier, classifierFor } from './value-parser.ts';
import { addValues, type Values } from './values.ts';

/**
 * What the values of one column in some segments of a file have shown. Plain data, which can be sent to another thread; its size
 * depends on how many kinds of texts there are, not on how many texts.
 */
export interface ColumnEvidence {
  /** By their readings. Everything else follows from these: what all values have in common, and the first that lacks it. */
  readonly values: Map<number, Values>;
  /** Null words, and '' for texts of spaces only. They are null unless the column is text. */
  readonly nulls: Map<string, Values>;
  /** Texts without a reading that are written much like numbers or times, by their style. */
  readonly unread: Map<UnreadStyle, Values>;
  /** Numbers from 1 to 31, as bits, that dates with a two-digit year have in their first part, and in their last. */
  firstParts: number;
  lastParts: number;
}

/** Texts that mean null in columns that are not text, unless the `nulls` option gives others. */
export const DEFAULT_NULLS: ReadonlySet<string> = new Set([
  'NA',
  'N/A',
  '#N/A',
  'NULL',
  'null',
  '\\N',
  'NaT',
  'None',
  '-',
]);

const MAX_TEXT_LENGTH = 200;

export function noEvidence(): ColumnEvidence {
  return { values: new Map(), nulls: new Map(), unread: new Map(), firstParts: 0, lastParts: 0 };
}

/** Gathers the evidence of one column, text by text. */
export class EvidenceCollector {
  readonly evidence: ColumnEvidence = noEvidence();
  readonly #nulls: ReadonlySet<string>;
  readonly #classify: Classifier;
  #latestReadings = -1;
  #latest: Values | undefined;

  /** @param pattern the format that was declared for the column's times */
  constructor(nulls: ReadonlySet<string> = DEFAULT_NULLS, pattern: string | null = null) {
    this.#nulls = nulls;
    this.#classify = classifierFor(pattern);
  }

  /** @param text null or '' for an empty field. @param line on which its record begins */
  add(text: string | null, line: number): void {
    if (text === null || text === '') return;
    const value = trimmed(text);
    if (value === '' || this.#nulls.has(value)) {
      count(this.evidence.nulls, value, value, line);
      return;
    }
    const readings = this.#classify(value);
    if ((readings & (DMY_OR_YMD | MDY_OR_YMD)) !== 0) {
      this.evidence.firstParts |= 1 << (scanned.first & 31);
      this.evidence.lastParts |= 1 << (scanned.third & 31);
    }
    const unread = readings === 0 ? unreadStyle(value) : null;
    if (unread !== null) count(this.evidence.unread, unread, value, line);
    // Neighbours in a column are mostly of one kind.
    if (readings === this.#latestReadings && this.#latest && line >= this.#latest.line) {
      this.#latest.count++;
      return;
    }
    this.#latest = count(this.evidence.values, readings, value, line);
    this.#latestReadings = readings;
  }
}

function count<Key>(groups: Map<Key, Values>, key: Key, text: string, line: number): Values {
  const group = groups.get(key);
  if (group === undefined) {
    const first = { count: 1, line, text: cut(text) };
    groups.set(key, first);
    return first;
  }
  group.count++;
  if (line < group.line) {
    group.line = line;
    group.text = cut(text);
  }
  return group;
}

/** The values whose readings pass a test. */
export function valuesWhere(evidence: ColumnEvidence, test: (readings: number) => boolean): Values | null {
  let found: Values | null = null;
  for (const [readings, values] of evidence.values) if (test(readings)) found = addValues(found, values);
  return found;
}

function cut(text: string): string {
  const end = (text.charCodeAt(MAX_TEXT_LENGTH - 1) & 0xfc00) === 0xd800 ? MAX_TEXT_LENGTH - 1 : MAX_TEXT_LENGTH;
  // Copied: a slice would keep all of the text that it is a slice of, perhaps megabytes, in memory.
  const copy = text.slice(0, end).split('').join('');
  return text.length > end ? `${copy}…` : copy;
}

/** The evidence of the same column in other segments of the file added to this one. */
export function mergeEvidence(parts: Iterable<ColumnEvidence>): ColumnEvidence {
  const all = noEvidence();
  for (const part of parts) {
    for (const [readings, values] of part.values) merge(all.values, readings, values);
    for (const [word, values] of part.nulls) merge(all.nulls, word, values);
    for (const [style, values] of part.unread) merge(all.unread, style, values);
    all.firstParts |= part.firstParts;
    all.lastParts |= part.lastParts;
  }
  return all;
}

function merge<Key>(groups: Map<Key, Values>, key: Key, values: Values): void {
  groups.set(key, addValues(groups.get(key) ?? null, values));
}
