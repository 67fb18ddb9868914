import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { InvalidArgumentError } from 'commander';
import type { Condition } from '../src/api/queries.ts';
import { UsageError } from './exit-codes.ts';

export function wholeNumber(value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be a whole number.');
}

export function commaSeparated(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, ...value.split(',').map((each) => each.trim())];
}

/** A condition as JSON, as in `where` of a query. */
export function condition(value: string): Condition {
  return parsedJson(value, 'the condition') as Condition;
}

/** JSON text, `@file`, or `-` for standard input. @throws UsageError */
export async function jsonArgument(value: string, what: string): Promise<unknown> {
  if (value === '-') return parsedJson(await text(process.stdin), what);
  if (!value.startsWith('@')) return parsedJson(value, what);
  try {
    return parsedJson(readFileSync(value.slice(1), 'utf8'), what);
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}

function parsedJson(value: string, what: string): unknown {
  try {
    return JSON.parse(value);
  } catch (error) {
    throw new UsageError(`Cannot read ${what}: ${(error as Error).message}.`);
  }
}
