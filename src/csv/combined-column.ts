import type { ParsedColumn, ParsedFile } from '../model/parsed-columns.ts';
import type { CsvRecord } from './record-reader.ts';
import { type PairParser, pairParserOf } from './values/combine-columns.ts';
import type { ParsedValue } from './values/value-parser.ts';

/** The columns that the records of a file have. */
export function columnsOfRecords({ columns }: ParsedFile): readonly ParsedColumn[] {
  return columns.filter(({ combines }) => combines === undefined);
}

/** The column whose values two columns of the records make together. */
export class CombinedColumn {
  readonly name: string;
  /** Of the column of days and the one of times of day, in the records. */
  readonly day: number;
  readonly clock: number;
  readonly #parser: PairParser;

  private constructor(name: string, day: number, clock: number, parser: PairParser) {
    this.name = name;
    this.day = day;
    this.clock = clock;
    this.#parser = parser;
  }

  /** @returns null if the file has none */
  static of(file: ParsedFile): CombinedColumn | null {
    for (const { name, format, combines } of file.columns) {
      if (combines === undefined || format.type !== 'timestamp') continue;
      const indexOf = (part: string): number => file.columns.findIndex((column) => column.name === part);
      const parser = pairParserOf(format, combines.clockPattern, new Set(file.nulls));
      return new CombinedColumn(name, indexOf(combines.day), indexOf(combines.clock), parser);
    }
    return null;
  }

  isPart(index: number): boolean {
    return index === this.day || index === this.clock;
  }

  parse({ fields, line }: Pick<CsvRecord, 'fields' | 'line'>): ParsedValue {
    return this.#parser.parse(fields[this.day] ?? null, fields[this.clock] ?? null, line);
  }

  get counts(): Pick<PairParser, 'incomplete' | 'ambiguousTimes'> {
    return this.#parser;
  }
}
