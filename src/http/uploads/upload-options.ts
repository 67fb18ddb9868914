import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import { closest, distance } from 'fastest-levenshtein';
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { type TObject, type TSchema, Type } from 'typebox';
import * as api from '../../api/upload-options.ts';
import {
  type CustomerDefaults,
  completeOptions,
  type GivenOptions,
  type UploadOptions,
} from '../../catalog/upload-options.ts';
import { Problem } from '../../errors.ts';
import { parseUploadId, type UploadId } from '../../model/ids.ts';
import { documentationOnly } from '../requests/documentation-only.ts';
import { NAMES_OF_MEMBERS, UPLOAD_OPTIONS, VALUE_OPTIONS } from './option-readers.ts';

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
 * `readOptions`, whose problems are more precise.
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

/**
 * Reads the options that are given.
 *
 * @throws Problem upload_option_invalid, time_zone_unknown
 */
export function readOptions({ corrects: _, ...raw }: RawFileOptions): GivenOptions {
  const options = { ...read(raw, UPLOAD_OPTIONS), values: read(raw, VALUE_OPTIONS) } as GivenOptions;
  // What is wrong with the options alone is refused before the customer is known.
  completeOptions(options);
  return options;
}

function read(
  raw: Readonly<Record<string, string>>,
  readers: Readonly<Record<string, { readonly member: string; readonly read: (text: string) => unknown }>>,
): Readonly<Record<string, unknown>> {
  const given = Object.entries(readers).filter(([name]) => raw[name] !== undefined);
  return Object.fromEntries(given.map(([name, { member, read }]) => [member, read(raw[name] as string)]));
}

/** The options of an upload as responses show them. */
export function optionsJson(options: UploadOptions): api.UploadOptions {
  const from_customer = options.fromCustomer.map((member) => NAMES_OF_MEMBERS[member] ?? member);
  return {
    ...shown(options, UPLOAD_OPTIONS),
    ...shown(options.values, VALUE_OPTIONS),
    from_customer,
  } as api.UploadOptions;
}

/** The defaults of a customer as responses show them. */
export function defaultsJson({ values, ...options }: CustomerDefaults): api.ShownDefaults {
  const { dry_run: _, time_column: ___, ...forUploads } = UPLOAD_OPTIONS;
  const { columns: __, ...forValues } = VALUE_OPTIONS;
  return { ...shown(options, forUploads), ...shown(values, forValues) } as api.ShownDefaults;
}

function shown(
  options: object,
  readers: Readonly<Record<string, { readonly member: string; readonly show?: (value: never) => unknown }>>,
): Readonly<Record<string, unknown>> {
  const members = options as Readonly<Record<string, never>>;
  const entries = Object.entries(readers).map(([name, { member, show }]) => {
    return [name, (show ? show(members[member] as never) : members[member]) ?? null];
  });
  return Object.fromEntries(entries);
}

/** @throws Problem upload_option_invalid */
export function readCorrects({ corrects }: RawFileOptions): UploadId | null {
  if (corrects === undefined) return null;
  const id = parseUploadId(corrects);
  if (id) return id;
  throw new Problem('upload_option_invalid', `corrects is '${corrects.slice(0, 40)}'; it must be an upload ID.`);
}
