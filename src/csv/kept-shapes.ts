import type { CsvDialect } from './dialect.ts';
import type { FieldShape } from './field-shapes.ts';
import { MAX_SCAN_BYTES, RecordScan } from './record-scan.ts';

/** Scanned at once: a call of the scan costs as much as a hundred bytes. */
const STAGE_BYTES = Math.min(MAX_SCAN_BYTES, 256 * 1024);

/** Finds the shapes of the fields in some of the records of a segment, such as those that are not rejected. */
export class KeptShapes {
  readonly #scan: RecordScan;
  #stage = Buffer.allocUnsafe(STAGE_BYTES);
  #length = 0;

  constructor({ delimiter, quote }: Pick<CsvDialect, 'delimiter' | 'quote'>, columns: number) {
    this.#scan = new RecordScan(delimiter.charCodeAt(0), quote === '' ? 0 : quote.charCodeAt(0), columns);
  }

  /** @param records with as many fields as there are columns, each with its line feed. Copied */
  add(records: Buffer): void {
    if (this.#length + records.length > STAGE_BYTES) this.#flush();
    if (records.length > STAGE_BYTES) {
      // If it is too long for the scan, the shapes are unknown.
      this.#scan.follow(records, records.length);
      return;
    }
    this.#length += records.copy(this.#stage, this.#length);
  }

  /** @returns by column: the shapes of all its fields so far */
  take(): readonly (readonly FieldShape[])[] {
    this.#flush();
    return this.#scan.takeShapes();
  }

  #flush(): void {
    if (this.#length > 0) this.#scan.follow(this.#stage.subarray(0, this.#length), this.#length);
    this.#length = 0;
  }
}
