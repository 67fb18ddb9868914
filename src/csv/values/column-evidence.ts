import { fieldText } from '../field-text.ts';
import { beforeSpaces, behindSpaces, classifyBytes } from './classify-bytes.ts';
import { trimmed } from './classify-text.ts';
import { compileFormat } from './declared-format.ts';
import { scannedReadings } from './read-time.ts';
import { DMY_OR_YMD, MDY_OR_YMD } from './readings.ts';
import { scanned } from './scanned-time.ts';
import { TextCache } from './text-cache.ts';
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
  /** As `#classify`, from bytes; null if they have to become texts. */
  readonly #classifyBytes: BytesClassifier | null;
  readonly #known = new TextCache<readonly Values[]>();
  #latestReadings = -1;
  #latest: Values | undefined;

  /** @param pattern the format that was declared for the column's times */
  constructor(nulls: ReadonlySet<string> = DEFAULT_NULLS, pattern: string | null = null) {
    this.#nulls = nulls;
    this.#classify = classifierFor(pattern);
    // A word that means null may be a number, as -999 is.
    const mayBeNull = [...nulls].some((word) => this.#classify(word) !== 0);
    this.#classifyBytes = mayBeNull ? null : bytesClassifierFor(pattern);
  }

  /**
   * Adds the text of a field, which becomes a text only if it is not written as most are, and was not seen lately.
   *
   * @param from where the field begins in the bytes, with its quotes
   * @param quote its code; -1 if there is none
   */
  addField(bytes: Buffer, from: number, to: number, quote: number, line: number): void {
    if (from === to) return;
    const inner = bytes[from] === quote ? 1 : 0;
    const start = behindSpaces(bytes, from + inner, to - inner);
    const end = beforeSpaces(bytes, start, to - inner);
    const readings = start === end || this.#classifyBytes === null ? 0 : this.#classifyBytes(bytes, start, end);
    if (readings !== 0) {
      const group = readings === this.#latestReadings ? this.#latest : this.evidence.values.get(readings);
      if (group !== undefined && line >= group.line) {
        this.#noteParts(readings);
        group.count++;
        this.#latest = group;
        this.#latestReadings = readings;
        return;
      }
    } else {
      const groups = this.#known.get(bytes, from, to);
      if (groups?.every((group) => line >= group.line)) {
        for (const group of groups) group.count++;
        return;
      }
    }
    const groups = this.add(fieldText(bytes, from, to, quote), line);
    if (readings === 0) this.#known.set(bytes, from, to, groups);
  }

  /**
   * @param text null or '' for an empty field
   * @param line on which its record begins
   * @returns the groups that it was counted in
   */
  add(text: string | null, line: number): readonly Values[] {
    if (text === null || text === '') return [];
    const value = trimmed(text);
    if (value === '' || this.#nulls.has(value)) return [count(this.evidence.nulls, value, value, line)];
    const readings = this.#classify(value);
    this.#noteParts(readings);
    // Neighbours in a column are mostly of one kind.
    if (readings === this.#latestReadings && this.#latest && line >= this.#latest.line) this.#latest.count++;
    else this.#latest = count(this.evidence.values, readings, value, line);
    this.#latestReadings = readings;
    const unread = readings === 0 ? unreadStyle(value) : null;
    return unread === null ? [this.#latest] : [this.#latest, count(this.evidence.unread, unread, value, line)];
  }

  /** Of the date that was scanned last. */
  #noteParts(readings: number): void {
    if ((readings & (DMY_OR_YMD | MDY_OR_YMD)) === 0) return;
    this.evidence.firstParts |= 1 << (scanned.first & 31);
    this.evidence.lastParts |= 1 << (scanned.third & 31);
  }
}

type BytesClassifier = (bytes: Buffer, from: number, to: number) => number;

/** @returns null if the texts of the format are not read from bytes */
function bytesClassifierFor(pattern: string | null): BytesClassifier | null {
  if (pattern === null) return classifyBytes;
  const format = compileFormat(pattern);
  if ('problem' in format) return null;
  return (bytes, from, to) => (format.scanBytes(bytes, from, to) ? scannedReadings() : 0);
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
