import { type Static, Type } from 'typebox';
import type { UploadOptions } from '../../catalog/upload.ts';
import { delimiterOption, quoteOption } from '../../csv/dialect-options.ts';
import { Problem } from '../../errors.ts';
import { parseUploadId, type UploadId } from '../../model/ids.ts';

/** The options of an upload, in the query string; a form takes the same names as fields before the file. */
export const UploadOptionsQuery = Type.Object({
  delimiter: Type.Optional(
    Type.String({
      description:
        'What stands between two fields: one ASCII character, or `tab`, `comma`, `semicolon`, `pipe`, `space`. Default: found out.',
    }),
  ),
  quote: Type.Optional(
    Type.String({
      description: 'What stands around quoted fields: one ASCII character, or `none`. Default: found out.',
    }),
  ),
  header: Type.Optional(
    Type.String({
      description: '`true`: the first record names the columns; `false`: it is a row. Default: found out.',
    }),
  ),
  on_error: Type.Optional(
    Type.String({
      description:
        'What becomes of the file where rows do not fit. `abort` (default): nothing of it is kept. `skip`: the rows that fit are appended.',
      examples: ['skip'],
    }),
  ),
  duplicates: Type.Optional(
    Type.String({
      description:
        'What becomes of a file whose bytes were uploaded before. `append` (default): it is appended, and `duplicate_of` names the earlier upload. `reject`: it is refused.',
      examples: ['reject'],
    }),
  ),
  dry_run: Type.Optional(
    Type.String({ description: '`true`: all is done as for any file, the receipt tells how, and nothing is kept.' }),
  ),
  encoding: Type.Optional(
    Type.String({ description: 'Such as `utf-8` or `windows-1252`. Default: found out.', examples: ['windows-1252'] }),
  ),
});

/** Those and what a file alone can have, not a retry. */
export const FileOptionsQuery = Type.Object({
  ...UploadOptionsQuery.properties,
  corrects: Type.Optional(
    Type.String({
      description:
        'The id of the upload whose rejected rows the file brings, mended. That upload tells it as `corrected_by`.',
    }),
  ),
});

export type RawUploadOptions = Static<typeof UploadOptionsQuery>;

export type RawFileOptions = Static<typeof FileOptionsQuery>;

export const OPTION_NAMES = Object.keys(FileOptionsQuery.properties) as readonly (keyof RawFileOptions)[];

export function isOptionName(name: string): name is keyof RawFileOptions {
  return OPTION_NAMES.some((option) => option === name);
}

/** @throws Problem upload_option_invalid */
export function readUploadOptions(raw: RawUploadOptions): UploadOptions {
  const options: UploadOptions = {
    delimiter: raw.delimiter === undefined ? null : delimiterOption(raw.delimiter),
    quote: raw.quote === undefined ? null : quoteOption(raw.quote),
    header: raw.header === undefined ? null : truth('header', raw.header),
    encoding: raw.encoding === undefined ? null : encoding(raw.encoding),
    onError: raw.on_error === undefined ? 'abort' : oneOf('on_error', raw.on_error, ['abort', 'skip']),
    duplicates: raw.duplicates === undefined ? 'append' : oneOf('duplicates', raw.duplicates, ['append', 'reject']),
    dryRun: raw.dry_run === undefined ? false : truth('dry_run', raw.dry_run),
  };
  if (options.delimiter !== null && options.delimiter === options.quote) {
    throw new Problem('upload_option_invalid', 'The delimiter and the quote are the same character.');
  }
  return options;
}

/** @throws Problem upload_option_invalid */
export function readCorrects({ corrects }: RawFileOptions): UploadId | null {
  if (corrects === undefined) return null;
  const id = parseUploadId(corrects);
  if (id) return id;
  throw new Problem('upload_option_invalid', `corrects is '${corrects.slice(0, 40)}'; it must be the id of an upload.`);
}

/**
 * Reads only those options that are given.
 *
 * @throws Problem upload_option_invalid
 */
export function readChangedOptions(raw: RawUploadOptions): Partial<UploadOptions> {
  const { on_error: onError, dry_run: dryRun, ...same } = raw;
  const given = new Set<string>(Object.keys({ ...same, ...(onError && { onError }), ...(dryRun && { dryRun }) }));
  return Object.fromEntries(Object.entries(readUploadOptions(raw)).filter(([name]) => given.has(name)));
}

function oneOf<const T extends string>(option: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === text.trim().toLowerCase());
  if (choice !== undefined) return choice;
  throw new Problem(
    'upload_option_invalid',
    `${option} is '${text.slice(0, 40)}'; it must be ${choices.join(' or ')}.`,
  );
}

function truth(option: string, text: string): boolean {
  switch (text.trim().toLowerCase()) {
    case 'true':
    case '1':
    case 'yes':
      return true;
    case 'false':
    case '0':
    case 'no':
      return false;
    default:
      throw new Problem('upload_option_invalid', `${option} is '${text.slice(0, 40)}'; it must be true or false.`);
  }
}

/** @returns the name that the WHATWG Encoding Standard gives the encoding */
function encoding(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch (cause) {
    const detail = `encoding is '${label.slice(0, 40)}', which is not one that Thena reads.`;
    throw new Problem('upload_option_invalid', detail, {}, { cause });
  }
}
