import { createHash } from 'node:crypto';
import type { Catalog } from '../../catalog/catalog.ts';
import type { Customer } from '../../catalog/customer.ts';
import type { EarlierUpload } from '../../catalog/upload.ts';
import { completeOptions, type GivenOptions, NO_DEFAULTS, type UploadOptions } from '../../catalog/upload-options.ts';
import { RecordChecker } from '../../csv/record-checker.ts';
import { type SampleRow, SampleRows } from '../../csv/sample-rows.ts';
import { EvidenceCollector } from '../../csv/values/column-evidence.ts';
import type { FormatGuess } from '../../csv/values/format-guesses.ts';
import type { FormatQuestion } from '../../csv/values/format-questions.ts';
import { declaredColumn, nullsOf } from '../../csv/values/value-options.ts';
import { Problem } from '../../errors.ts';
import type { FairSemaphore } from '../../fair-semaphore.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { CustomerId } from '../../model/ids.ts';
import { compareColumns } from '../../model/match-columns.ts';
import type { ParsedColumn, ParsedFile } from '../../model/parsed-columns.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import type { PlanEvidence } from '../load/file-evidence.ts';
import { FileToLoad } from '../load/file-to-load.ts';
import { ambiguousTimeWarnings, incompleteTimeWarnings } from '../load/loaded-receipt.ts';
import { decidePlan, planOf } from '../load/parse-plan.ts';
import { valueOptionsOf } from '../load/value-options.ts';
import type { FileStart } from '../receive/decompress.ts';
import type { DetectedFile } from '../receive/file-head.ts';
import type { ReceiveSlots } from '../receive/receive-slots.ts';
import { SegmentFeed } from '../spool/segment-feed.ts';
import { FileSample } from './file-sample.ts';
import { readStart, type SentStart } from './read-start.ts';
import { type TextGuess, textGuesses } from './text-guesses.ts';

export interface PreviewDeps {
  readonly catalog: Pick<Catalog, 'findCustomer' | 'findSameBytes'>;
  readonly slots: Pick<ReceiveSlots, 'acquire'>;
  /** Of the main process, which answers nobody meanwhile: files are previewed one after the other. */
  readonly turns: FairSemaphore<CustomerId>;
  readonly maxColumns: number;
  readonly idleMs: number;
}

export interface PreviewRequest extends Omit<SentStart, 'idleMs'> {
  readonly options: GivenOptions;
  /** Aborts when the client disconnects. */
  readonly disconnected: AbortSignal;
}

/** How a file would be read. Nothing of it is stored. */
export interface Preview {
  readonly detected: Pick<DetectedFile, 'encoding' | 'dialect'>;
  /** Whether all of the file was read. */
  readonly isWhole: boolean;
  readonly columns: readonly ParsedColumn[];
  readonly rows: readonly SampleRow[];
  readonly rowsRead: number;
  readonly rejectedRows: number;
  /** The first of them. */
  readonly rejected: readonly Omit<RejectedRow, 'byteOffset'>[];
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  /** Each has to be answered with an option before the file can be loaded. */
  readonly questions: readonly FormatQuestion[];
  /** What an option can change. */
  readonly guesses: readonly (FormatGuess | TextGuess)[];
  readonly table: TableMatch;
  readonly duplicateOf: EarlierUpload | null;
}

/** The columns of a file compared with those of the table, or with the declared ones. */
export interface TableMatch {
  readonly exists: boolean;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

const MAX_LISTED = 100;
/** Whether the integers of the table allow decimals is found out by the load. */
const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * Reads the start of a file as a load reads it: bytes → decompressed → UTF-8 → dialect and header → whole records → evidence of all
 * values → formats → the first rows. Takes a receive slot, as it needs memory like the reception of a file.
 *
 * @throws Problem what the file would be refused with, except for values with several readings and columns that differ
 */
export async function previewFile(
  { catalog, slots, turns, maxColumns, idleMs }: PreviewDeps,
  { customerId }: CustomerAccess,
  request: PreviewRequest,
): Promise<Preview> {
  const release = await slots.acquire(customerId);
  try {
    const start = await readStart({ ...request, idleMs });
    const { disconnected: signal } = request;
    return await turns.run(customerId, { signal }, () =>
      preview(catalog, customerId, start, request.options, maxColumns),
    );
  } catch (error) {
    throw request.disconnected.aborted ? disconnected(error) : error;
  } finally {
    release();
  }
}

async function preview(
  catalog: PreviewDeps['catalog'],
  customerId: CustomerId,
  start: FileStart,
  given: GivenOptions,
  maxColumns: number,
): Promise<Preview> {
  const customer = (await catalog.findCustomer(customerId)) ?? newCustomer(customerId);
  const options = completeOptions(given, customer.defaults);
  const sample = new FileSample(start, options, maxColumns);
  const duplicateOf = start.isWhole ? await catalog.findSameBytes(customerId, sha256(start.bytes)) : null;
  return { ...(await readSample(sample, start, customer, options)), duplicateOf };
}

function disconnected(cause: unknown): Problem {
  return new Problem('upload_interrupted', 'The client disconnected before the file was previewed.', {}, { cause });
}

async function readSample(
  sample: FileSample,
  start: FileStart,
  knownCustomer: Customer,
  uploadOptions: UploadOptions,
): Promise<Omit<Preview, 'duplicateOf'>> {
  const { dialect } = sample.detected;
  const table = compareWithTable(dialect.columns, knownCustomer);
  // The columns of a file that does not match are shown as those of a new table.
  const matches = table.missing.length === 0 && table.extra.length === 0;
  const customer = matches ? knownCustomer : { ...newCustomer(knownCustomer.id), defaults: knownCustomer.defaults };
  const file = new FileToLoad(new SegmentFeed(dialect.dialect, dialect.columns), customer, uploadOptions.timeColumn);
  const options = valueOptionsOf(uploadOptions, customer);
  const names = file.source([]).columns;
  const collectors = names.map(
    (name) => new EvidenceCollector(nullsOf(options), declaredColumn(options, name).pattern),
  );
  for await (const { fields, line, malformed } of sample.read()) {
    if (malformed !== null || fields.length !== names.length) continue;
    for (const [index, collector] of collectors.entries()) collector.add(fields[index] as string | null, line);
  }
  const evidence: PlanEvidence = {
    hasTexts: () => true,
    columns: collectors.map((collector, index) => ({ name: names[index] as string, evidence: collector.evidence })),
  };
  const decision = decidePlan(file, evidence, options, NO_NAMES);
  const { questions } = decision;
  const plan = planOf(file, evidence, options, { ...decision, questions: [] });
  const isAsked = (name: string): boolean => questions.some(({ column }) => column === name);
  const parsed = asText(plan.file, isAsked);
  const checker = new RecordChecker(parsed);
  const rows = new SampleRows(parsed);
  const rejected: Preview['rejected'][number][] = [];
  let rejectedRows = 0;
  for await (const record of sample.read()) {
    const fault = checker.fault(record, sample.text);
    if (fault === null) rows.add(record);
    else if (++rejectedRows <= MAX_LISTED) rejected.push(fault);
  }
  return {
    detected: sample.detected,
    isWhole: start.isWhole,
    columns: [
      ...decision.columns.map(({ name, format }) => ({ name, format })),
      ...parsed.columns.filter(({ combines }) => combines !== undefined),
    ],
    // What the value of an open question is, is not known.
    rows: rows.rows.map((row) =>
      row.map((cell, index) => (isAsked(names[index] as string) ? { ...cell, value: null } : cell)),
    ),
    rowsRead: sample.records,
    rejectedRows,
    rejected,
    warnings: [
      ...sample.warnings,
      ...plan.warnings,
      ...ambiguousTimeWarnings({ ambiguousTimes: checker.ambiguousTimes, plan }),
      ...incompleteTimeWarnings({ incompleteTimes: checker.incompleteTimes, plan }),
    ],
    notes: [...plan.notes, ...(start.isWhole ? [] : [sampleNote(sample.records)])],
    questions,
    guesses: [...textGuesses(sample, start, uploadOptions, customer), ...decision.guesses],
    table,
  };
}

/** The columns that are to be read as text until a question about them is answered, and without what is made of them. */
function asText({ columns, nulls }: ParsedFile, isAsked: (name: string) => boolean): ParsedFile {
  return {
    columns: columns
      .filter(({ combines }) => !(combines && isAsked(combines.day)))
      .map((column) => (isAsked(column.name) ? { ...column, format: { type: 'text' } } : column)),
    nulls,
  };
}

function compareWithTable(columns: readonly string[], { table, declaredColumns }: Customer): TableMatch {
  const known = table?.columns ?? declaredColumns;
  const exists = table !== null;
  if (known === null) return { exists, missing: [], extra: [] };
  const { missing, unexpected } = compareColumns(columns, known);
  return { exists, missing, extra: unexpected };
}

function newCustomer(id: CustomerId): Customer {
  return {
    id,
    createdAt: new Date(),
    isProvisional: true,
    declaredTimeColumn: null,
    declaredColumns: null,
    defaults: NO_DEFAULTS,
    table: null,
  };
}

function sampleNote(records: number): string {
  return `Only the first ${records === 1 ? 'row was' : `${records} rows were`} read. The rest of the file may change how its columns are read.`;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
