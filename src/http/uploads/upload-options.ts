import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import { closest, distance } from 'fastest-levenshtein';
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { type TObject, type TSchema, Type } from 'typebox';
import * as api from '../../api/upload-options.ts';
import type { UploadOptionChanges, UploadOptions } from '../../catalog/upload.ts';
import {
  characterOption,
  delimiterOption,
  quoteOption,
  refuseSameCharacters,
  skipLinesOption,
} from '../../csv/dialect-options.ts';
import type { ValueOptions } from '../../csv/values/value-options.ts';
import { Problem } from '../../errors.ts';
import { parseUploadId, type UploadId } from '../../model/ids.ts';
import { documentationOnly } from '../requests/documentation-only.ts';
import { readValueOptions, VALUE_OPTION_NAMES } from './value-options.ts';

/** The options of an upload as text: from a URL, a form, or the metadata of a tus upload. */
export type RawFileOptions = { readonly [Name in keyof api.FileOptions]?: string };

export const OPTION_NAMES = Object.keys(api.FileOptions.properties) as readonly (keyof RawFileOptions)[];

export function isOptionName(name: string): name is keyof RawFileOptions {
  return OPTION_NAMES.some((option) => option === name);
}

/**
 * Refuses a name that is an option but for a typo, where other names are allowed.
 *
 * @throws Problem upload_option_invalid
 */
export function refuseMisspelled(name: string): void {
  if (isOptionName(name)) return;
  const folded = name.toLowerCase();
  const option = closest(folded, OPTION_NAMES);
  if (distance(folded, option) > (option.length < 6 ? 1 : 2)) return;
  const detail = `There is no option '${name.slice(0, 80)}'. Did you mean ${option}?`;
  throw new Problem('upload_option_invalid', detail, { option });
}

/**
 * Validates the query string of an upload and nothing else. Only the names of options are checked: their values are read by
 * `readUploadOptions`, whose problems are more precise.
 */
export const optionNamesOnly: FastifySchemaCompiler<TSchema> = (route) => {
  if (route.httpPart !== 'querystring') return documentationOnly(route);
  const parameters = Object.entries((route.schema as TObject).properties).map(([name, schema]) => [
    name,
    isOptionName(name) ? Type.Optional(Type.String()) : schema,
  ]);
  const schema = Type.Object(Object.fromEntries(parameters), { additionalProperties: false });
  return TypeBoxValidatorCompiler({ ...route, schema });
};

/** The query parameters of a route with the validator {@link optionNamesOnly}. */
export function rawQuery({ query }: FastifyRequest): RawFileOptions & { readonly filename?: string } {
  return query as Record<string, string>;
}

/** @throws Problem upload_option_invalid */
export function readUploadOptions(raw: RawFileOptions): UploadOptions {
  const options: UploadOptions = {
    delimiter: raw.delimiter === undefined ? null : delimiterOption(raw.delimiter),
    quote: raw.quote === undefined ? null : quoteOption(raw.quote),
    header: raw.header === undefined ? null : booleanOption('header', raw.header),
    encoding: raw.encoding === undefined ? null : encodingOption(raw.encoding),
    skipLines: raw.skip_lines === undefined ? null : skipLinesOption(raw.skip_lines),
    comment: raw.comment === undefined ? null : characterOption('comment', raw.comment),
    escape: raw.escape === undefined ? null : characterOption('escape', raw.escape),
    surplus: oneOf('surplus', raw.surplus ?? 'reject', ['reject', 'drop_empty']),
    stripNul: booleanOption('strip_nul', raw.strip_nul ?? 'false'),
    onError: oneOf('on_error', raw.on_error ?? 'abort', ['abort', 'skip']),
    duplicates: oneOf('duplicates', raw.duplicates ?? 'append', ['append', 'reject']),
    dryRun: booleanOption('dry_run', raw.dry_run ?? 'false'),
    values: readValueOptions(raw),
  };
  refuseSameCharacters(options);
  return options;
}

/** @throws Problem upload_option_invalid */
export function readCorrects({ corrects }: RawFileOptions): UploadId | null {
  if (corrects === undefined) return null;
  const id = parseUploadId(corrects);
  if (id) return id;
  throw new Problem('upload_option_invalid', `corrects is '${corrects.slice(0, 40)}'; it must be an upload ID.`);
}

/**
 * Reads only the options that are given.
 *
 * @throws Problem upload_option_invalid
 */
export function readChangedOptions(raw: RawFileOptions): UploadOptionChanges {
  const { values, ...options } = readUploadOptions(raw);
  const given = new Set<string>(Object.keys(raw).map(memberName));
  const ofValues = new Set<string>(VALUE_OPTION_NAMES.filter(([name]) => name in raw).map(([, member]) => member));
  return {
    ...Object.fromEntries(Object.entries(options).filter(([member]) => given.has(member))),
    values: Object.fromEntries(
      Object.entries(values).filter(([member]) => ofValues.has(member)),
    ) as Partial<ValueOptions>,
  };
}

/** The member that an option has in the code: `onError` for `on_error`. */
function memberName(option: string): string {
  return option.replaceAll(/_(.)/g, (_, letter) => letter.toUpperCase());
}

function oneOf<const Choice extends string>(option: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === text.trim().toLowerCase());
  if (choice !== undefined) return choice;
  throw new Problem(
    'upload_option_invalid',
    `${option} is '${text.slice(0, 40)}'; it must be ${choices.join(' or ')}.`,
  );
}

function booleanOption(option: string, text: string): boolean {
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

/** @returns the name of the encoding in the WHATWG Encoding Standard */
function encodingOption(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch (cause) {
    const detail = `encoding is '${label.slice(0, 40)}', which is not a supported encoding.`;
    throw new Problem('upload_option_invalid', detail, {}, { cause });
  }
}
