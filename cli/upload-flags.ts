import { type Command, InvalidArgumentError, Option } from 'commander';
import { type FileOptions, FileOptions as FileOptionsSchema, RetryQuery } from '../src/api/upload-options.ts';

/** What is needed of a JSON Schema. */
interface OptionSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

const SCHEMAS: Readonly<Record<string, OptionSchema>> = FileOptionsSchema.properties;

/** Adds a flag for each option of an upload, or of a retry. The schemas of the API are the only list of them. */
export function addUploadFlags(command: Command, of: 'upload' | 'retry'): void {
  command.optionsGroup('File options:');
  const names = Object.keys((of === 'upload' ? FileOptionsSchema : RetryQuery).properties);
  for (const name of names) for (const option of flagsOf(name)) command.addOption(option);
  command.optionsGroup('Options:');
}

function flagsOf(name: string): readonly Option[] {
  const { type, enum: choices, default: usual, description = '' } = SCHEMAS[name] ?? {};
  const flag = `--${name.replaceAll('_', '-')}`;
  const help = inTermsOfFlags(description.replaceAll('`', ''));
  if (type === 'boolean' && usual === false) return [new Option(flag, help.replace(/^true: /, ''))];
  if (type === 'boolean')
    return [new Option(flag, help), new Option(flag.replace('--', '--no-'), `the opposite of ${flag}`)];
  const option = new Option(`${flag} <${type === 'integer' ? 'n' : 'value'}>`, help);
  if (choices) option.choices(choices);
  if (type === 'integer') option.argParser(wholeNumber);
  return [option];
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

/** The options of an upload among the flags of a command. */
export function givenUploadOptions(flags: Readonly<Record<string, unknown>>): FileOptions {
  const given = Object.keys(SCHEMAS).map((name) => [name, flags[camelCase(name)]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** Text of the server about its options, such as `on_error=skip`, for the command line. */
export function inTermsOfFlags(text: string): string {
  return text.replaceAll(/\b([a-z_]+)=([^\s,;`)]*[^\s,;`).:])/g, (all, name: string, value: string) => {
    const schema = SCHEMAS[name];
    if (!schema) return all;
    const flag = `--${name.replaceAll('_', '-')}`;
    if (schema.type !== 'boolean') return `${flag} ${value}`;
    return value === 'false' ? flag.replace('--', '--no-') : flag;
  });
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
