import { closest } from 'fastest-levenshtein';
import { type ErrorCode, Problem } from '../errors.ts';
import type { Column } from '../model/columns.ts';

/** A part of a JSON request, and its location. Its methods check the value; their problems point to the location. */
export class RequestPart {
  readonly value: unknown;
  /** JSON pointer (RFC 6901) in the body of the request. */
  readonly pointer: string;

  constructor(value: unknown, pointer: string) {
    this.value = value;
    this.pointer = pointer;
  }

  /** @returns a problem that points to this part */
  problem(code: ErrorCode, detail: string, extra: Readonly<Record<string, unknown>> = {}): Problem {
    return new Problem(code, `${this.pointer === '' ? 'The request' : this.pointer}: ${detail}`, {
      pointer: this.pointer,
      ...extra,
    });
  }

  /** As `problem`, for a name that does not exist: suggests the most similar choice. */
  noSuch(
    code: ErrorCode,
    detail: string,
    choices: readonly string[],
    extra: Readonly<Record<string, unknown>> = {},
  ): Problem {
    const nearest = typeof this.value === 'string' ? nearestTo(this.value, choices) : null;
    const meant = nearest === null ? '' : ` Did you mean ${JSON.stringify(nearest)}?`;
    return this.problem(code, `${detail}${meant}`, { nearest, choices: choices.slice(0, 100), ...extra });
  }

  /** @throws Problem query_invalid if it is not an object, or has a member that is not listed */
  object<const Name extends string>(members: readonly Name[]): { readonly [N in Name]?: RequestPart } {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) {
      throw this.#invalid('an object', `with ${members.join(', ')}`);
    }
    const parts: { [N in Name]?: RequestPart } = {};
    for (const [name, value] of Object.entries(this.value)) {
      const part = new RequestPart(value, `${this.pointer}/${escaped(name)}`);
      if (!members.includes(name as Name)) {
        const unknown = new RequestPart(name, part.pointer);
        throw unknown.noSuch('query_invalid', 'Unknown member.', members);
      }
      parts[name as Name] = part;
    }
    return parts;
  }

  /** @throws Problem query_invalid if it is not an array of `min` to `max` items */
  array(min: number, max: number): readonly RequestPart[] {
    if (!Array.isArray(this.value)) throw this.#invalid('an array');
    if (this.value.length < min || this.value.length > max) {
      throw this.problem('query_invalid', `It has ${this.value.length} items; ${min} to ${max} are allowed.`);
    }
    return this.value.map((value, index) => new RequestPart(value, `${this.pointer}/${index}`));
  }

  /** @throws Problem query_invalid if it is not a string of 1 to `max` characters */
  text(max = 255): string {
    if (typeof this.value !== 'string') throw this.#invalid('a string');
    // Characters, as in the names of columns: an emoji has a length of 2.
    const length = this.value.length > max ? [...this.value].length : this.value.length;
    if (length === 0 || length > max) {
      throw this.problem('query_invalid', `It has ${length} characters; 1 to ${max} are allowed.`);
    }
    return this.value;
  }

  /** @throws Problem query_invalid */
  number(min: number, max: number): number {
    const { value } = this;
    if (typeof value !== 'number') throw this.#invalid(`a number from ${min} to ${max}`);
    if (value >= min && value <= max) return value;
    throw this.problem('query_invalid', `It is ${value}; it must be a number from ${min} to ${max}.`, {
      nearest: value < min ? min : max,
    });
  }

  /** @throws Problem query_invalid */
  integer(min: number, max: number): number {
    if (typeof this.value !== 'number' || !Number.isInteger(this.value)) {
      throw this.#invalid(`an integer from ${min} to ${max}`);
    }
    return this.number(min, max);
  }

  /** @throws Problem query_invalid, with the nearest of the choices */
  oneOf<const Choice extends string>(choices: readonly Choice[]): Choice {
    const choice = choices.find((each) => each === this.value);
    if (choice !== undefined) return choice;
    throw this.noSuch('query_invalid', `${shown(this.value)} is not one of ${choices.join(', ')}.`, choices);
  }

  /** Finds a column by name, in any letter case. @throws Problem column_not_found, with the most similar name */
  column(columns: readonly Column[]): Column {
    const name = this.text();
    const folded = name.toLowerCase();
    const column =
      columns.find((each) => each.name === name) ?? columns.find((each) => each.name.toLowerCase() === folded);
    if (column) return { name: column.name, type: column.type };
    const names = columns.map((each) => each.name);
    const detail = `The table has no column ${shown(name)}. Its columns are: ${names.join(', ')}.`;
    throw this.noSuch('column_not_found', detail, names);
  }

  #invalid(wanted: string, more = ''): Problem {
    return this.problem('query_invalid', `It is ${shown(this.value)}; it must be ${wanted}${more && ` ${more}`}.`);
  }
}

/** The choice with the smallest edit distance, ignoring letter case; null if there are no choices. */
export function nearestTo(wanted: string, choices: readonly string[]): string | null {
  const folded = choices.map((choice) => choice.toLowerCase());
  return folded.length === 0 ? null : (choices[folded.indexOf(closest(wanted.toLowerCase(), folded))] ?? null);
}

/** A value of a request as shown in a message, shortened if necessary. */
export function shown(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  // Not as JSON: it may be nested deeper than the stack allows.
  if (typeof value === 'object') return 'an object';
  // What JSON.parse makes of 1e400.
  const text = value === Infinity || value === -Infinity ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function escaped(name: string): string {
  return name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');
}
