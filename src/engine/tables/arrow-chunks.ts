import {
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float64,
  Int64,
  makeData,
  Null,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow';
import type { Column, ColumnType } from '../../model/columns.ts';

/** `wide`: integers beyond 64 bits. */
type ArrowType = ColumnType | 'wide';
type ArrowColumn = Omit<Column, 'type'> & { readonly type: ArrowType };

/** The values of a column, as the engine reads them. */
type Values = readonly unknown[];

/** The end of a stream: a continuation marker and a length of 0. */
const END_BYTES = 8;
const DAY_MICROS = 86_400_000_000n;

/**
 * An Arrow IPC stream in chunks that are written independently: the schema, record batches, and the end.
 *
 * See https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format
 */
export class ArrowChunks {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly #schema: Schema;
  readonly #columns: readonly ArrowColumn[];

  constructor(columns: readonly ArrowColumn[]) {
    this.#columns = columns;
    this.#schema = new Schema(columns.map(({ name, type }) => new Field(name, TYPES[type](), true)));
    // The writer needs a batch to write the schema: an empty one, which is cut off.
    const empty = this.#stream(columns.map(() => []));
    this.head = empty.subarray(0, schemaBytes(empty));
    this.tail = empty.subarray(empty.length - END_BYTES);
  }

  /** Writes the values of each column as a record batch; empty if there are no rows. */
  chunk(values: readonly Values[]): Uint8Array {
    if ((values[0]?.length ?? 0) === 0) return new Uint8Array(0);
    return this.#stream(values).subarray(this.head.length, -END_BYTES);
  }

  #stream(values: readonly Values[]): Uint8Array {
    const children = this.#columns.map(({ type }, index) => dataOf(type, values[index] ?? []));
    const length = values[0]?.length ?? 0;
    const data = makeData({ type: new Struct(this.#schema.fields), length, nullCount: 0, children });
    const writer = new RecordBatchStreamWriter();
    writer.write(new RecordBatch(this.#schema, data));
    return writer.finish().toUint8Array(true);
  }
}

/** Bytes of a stream's first message, which has no body: marker, length, and that many bytes. */
function schemaBytes(stream: Uint8Array): number {
  return 8 + new DataView(stream.buffer, stream.byteOffset).getInt32(4, true);
}

const TYPES: Readonly<Record<ArrowType, () => DataType>> = {
  integer: () => new Int64(),
  wide: () => new Decimal(0, 38, 128),
  number: () => new Float64(),
  boolean: () => new Bool(),
  date: () => new DateDay(),
  timestamp: () => new TimestampMicrosecond('UTC'),
  text: () => new Utf8(),
  unknown: () => new Null(),
};

function dataOf(type: ArrowType, values: Values): Data {
  const length = values.length;
  const nullBitmap = bitsOf(values, (value) => value !== null);
  const nullCount = values.reduce<number>((sum, value) => sum + (value === null ? 1 : 0), 0);
  const common = { length, nullBitmap, nullCount };
  switch (type) {
    case 'unknown':
      return makeData({ type: new Null(), length });
    case 'integer':
      return makeData({ ...common, type: new Int64(), data: BigInt64Array.from(values, bigintOf) });
    case 'wide': {
      const words = BigUint64Array.from(
        values.flatMap((value) => [BigInt.asUintN(64, bigintOf(value)), BigInt.asUintN(64, bigintOf(value) >> 64n)]),
      );
      return makeData({ ...common, type: new Decimal(0, 38, 128), data: new Uint32Array(words.buffer) });
    }
    case 'timestamp':
      return makeData({ ...common, type: new TimestampMicrosecond('UTC'), data: BigInt64Array.from(values, bigintOf) });
    case 'date': {
      const data = Int32Array.from(values, (micros) => Number(bigintOf(micros) / DAY_MICROS));
      return makeData({ ...common, type: new DateDay(), data });
    }
    case 'number':
      return makeData({
        ...common,
        type: new Float64(),
        data: Float64Array.from(values, (value) => Number(value ?? 0)),
      });
    case 'boolean':
      return makeData({ ...common, type: new Bool(), data: bitsOf(values, (value) => value === true) });
    case 'text': {
      const valueOffsets = new Int32Array(length + 1);
      let end = 0;
      for (const [index, value] of values.entries()) {
        end += value === null ? 0 : Buffer.byteLength(value as string);
        valueOffsets[index + 1] = end;
      }
      return makeData({ ...common, type: new Utf8(), valueOffsets, data: Buffer.from(values.join('')) });
    }
  }
}

function bigintOf(value: unknown): bigint {
  return (value as bigint | null) ?? 0n;
}

/** One bit per value, least significant bit first. */
function bitsOf(values: Values, isSet: (value: unknown) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  for (const [index, value] of values.entries()) {
    if (isSet(value)) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return bits;
}
