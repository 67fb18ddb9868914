import { isDeepStrictEqual } from 'node:util';
import { DIALECT_OPTIONS, type DialectOptions, refuseSameCharacters } from '../csv/dialect-options.ts';
import { checkMarks, NO_OPTIONS, type ValueOptions } from '../csv/values/value-options.ts';
import { Problem } from '../errors.ts';

/** How an upload is processed: by its own options, those of its customer, and for the rest by the usual ones. */
export interface UploadOptions extends DialectOptions {
  readonly encoding: string | null;
  /** Whether NUL bytes are removed. */
  readonly stripNul: boolean;
  /** If some rows do not fit the table: keep none of the file, or the rows that fit. */
  readonly onError: 'abort' | 'skip';
  /** If an earlier upload had the same bytes. */
  readonly duplicates: 'append' | 'reject';
  /** As the upload declares it: a column, or two such as `Date+Time`. */
  readonly timeColumn: string | null;
  /** Process the file as usual, but keep nothing of it. */
  readonly dryRun: boolean;
  /** How values are read. Of columns, only what the upload itself declares. */
  readonly values: ValueOptions;
  /** The members, of `values` too, that the upload left open and its customer decided. */
  readonly fromCustomer: readonly string[];
}

/** Options as given by a request: those that are absent are left open. */
export type GivenOptions = Partial<Omit<UploadOptions, 'values'>> & { readonly values?: Partial<ValueOptions> };

/** What a customer declares for its uploads. */
export type CustomerDefaults = Omit<GivenOptions, 'values' | 'fromCustomer' | 'dryRun' | 'timeColumn'> & {
  /** With what is declared of the columns. */
  readonly values: ValueOptions;
};

export const NO_DEFAULTS: CustomerDefaults = { values: NO_OPTIONS };

/** The options of an upload that says nothing. Null: detected in the file, or nothing. */
const USUAL: UploadOptions = {
  delimiter: null,
  quote: null,
  header: null,
  encoding: null,
  skipLines: null,
  comment: null,
  escape: null,
  surplus: 'reject',
  stripNul: false,
  onError: 'abort',
  duplicates: 'append',
  timeColumn: null,
  dryRun: false,
  values: NO_OPTIONS,
  fromCustomer: [],
};

/** The options that decide how the text of a file is cut. */
export const TEXT_OPTIONS: readonly (keyof UploadOptions)[] = ['encoding', 'stripNul', ...DIALECT_OPTIONS];

/**
 * Completes the options of an upload.
 *
 * @throws Problem upload_option_invalid if options contradict each other
 */
export function completeOptions(given: GivenOptions, customer: CustomerDefaults = NO_DEFAULTS): UploadOptions {
  const { values: defaults, ...general } = customer;
  const { columns: _, ...ofValues } = defaults;
  const values = given.values ?? {};
  // Of both marks of numbers, or none: one of each could be the same character.
  const hasMark = (values.decimal ?? values.thousands ?? null) !== null;
  const taken = open(general, given);
  const takenValues = open(hasMark ? { ...ofValues, decimal: null, thousands: null } : ofValues, values);
  const fromCustomer = [...Object.keys(taken), ...Object.keys(takenValues)];
  const options: UploadOptions = {
    ...USUAL,
    ...given,
    ...taken,
    values: { ...NO_OPTIONS, ...values, ...takenValues },
    fromCustomer: [...(given.fromCustomer ?? []), ...fromCustomer],
  };
  refuseContradictions(options);
  return options;
}

/** The defaults for what is left open. Null is no default; given, it is a choice, such as `comment=none`. */
function open<Options extends object>(defaults: Options, given: Partial<Options>): Partial<Options> {
  const isTaken = ([name, value]: [string, unknown]): boolean =>
    value !== null && given[name as keyof Options] === undefined;
  return Object.fromEntries(Object.entries(defaults).filter(isTaken)) as Partial<Options>;
}

/**
 * The options of a retry.
 *
 * @throws Problem upload_option_invalid if the options contradict each other
 */
export function changeOptions(options: UploadOptions, changes: GivenOptions): UploadOptions {
  const changed = { ...options, ...changes, values: { ...options.values, ...changes.values } };
  const [before, after]: Readonly<Record<string, unknown>>[] = [options, changed].map(({ values, ...others }) => ({
    ...values,
    ...others,
  }));
  const fromCustomer = options.fromCustomer.filter((name) => isDeepStrictEqual(before?.[name], after?.[name]));
  const complete = { ...changed, fromCustomer };
  refuseContradictions(complete);
  return complete;
}

/** Completes options that an earlier version stored. */
export function storedOptions(options: Partial<UploadOptions>): UploadOptions {
  return { ...USUAL, ...options, values: { ...NO_OPTIONS, ...options.values } };
}

function refuseContradictions(options: UploadOptions): void {
  const { fromCustomer } = options;
  try {
    checkMarks(options.values);
    refuseSameCharacters(options);
  } catch (problem) {
    if (!(problem instanceof Problem) || fromCustomer.length === 0) throw problem;
    const { code, detail, extra } = problem;
    throw new Problem(code, `${detail} Options that the upload does not set are the customer's.`, extra);
  }
}
