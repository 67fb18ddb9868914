import type { UploadOptions } from '../../catalog/upload-options.ts';
import { noRows } from '../../csv/detect-dialect.ts';
import { cutterOf, rewriterOf, textDoubts } from '../../csv/detected-records.ts';
import { type CsvRecord, readRecords } from '../../csv/record-reader.ts';
import type { FileStart } from '../receive/decompress.ts';
import { type DetectedFile, FileHead } from '../receive/file-head.ts';

/** How much text is processed before other work gets its turn. */
const CHUNK_BYTES = 128 * 1024;
/** So that a preview has no greater head than an upload. */
const DECODE_BYTES = 256 * 1024;

/** The whole records at the start of a file. */
export class FileSample {
  readonly detected: DetectedFile;
  /** UTF-8, in which each record ends with a line feed. */
  readonly text: Buffer;
  readonly records: number;
  readonly warnings: readonly string[];

  /** @throws Problem whatever a file can be refused with because of its text */
  constructor({ bytes, isWhole }: FileStart, options: UploadOptions, maxColumns: number) {
    const head = new FileHead(bytes.length + 1);
    head.push(bytes);
    this.detected = head.detect({ options, maxColumns }, isWhole);
    const { dialect, decoder } = this.detected;
    const cutter = cutterOf(dialect);
    const rewriter = rewriterOf(dialect);
    const parts: Buffer[] = [];
    let length = 0;
    let wholeRecords = 0;
    const take = (text: Buffer): void => {
      const { bytes: cut, lastRecordEnd } = cutter.push(text);
      // The cutter and the decoder may pass on memory that they use again.
      parts.push(Buffer.from(cut));
      if (lastRecordEnd > 0) wholeRecords = length + lastRecordEnd;
      length += cut.length;
    };
    const decoded = (text: Buffer): void => take(rewriter?.push(text) ?? text);
    decoded(this.detected.text);
    const rest = this.detected.bytes;
    for (let at = 0; at < rest.length; at += DECODE_BYTES) decoded(decoder.push(rest.subarray(at, at + DECODE_BYTES)));
    if (isWhole) {
      decoded(decoder.end());
      if (rewriter) take(rewriter.end());
      parts.push(cutter.end());
      if (cutter.records === 0) throw noRows(dialect.columns);
    }
    const text = Buffer.concat(parts);
    this.text = isWhole ? text : text.subarray(0, wholeRecords);
    this.records = cutter.records;
    this.warnings = [...dialect.warnings, ...textDoubts(cutter, decoder.stripped ?? 0)];
  }

  /** Reads all records, and lets other work have its turn in between. */
  async *read(): AsyncGenerator<CsvRecord, void> {
    const { dialect, columns, firstDataLine } = this.detected.dialect;
    let next = CHUNK_BYTES;
    for (const record of readRecords(this.text, dialect, columns.length, firstDataLine)) {
      yield record;
      if (record.byteOffset < next) continue;
      next = record.byteOffset + CHUNK_BYTES;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
