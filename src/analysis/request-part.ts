import { closest } from 'fastest-levenshtein';
import { type ErrorCode, Problem } from '../errors.ts';

/** A part of a request's JSON, and where it stands: all that comes out of it was checked, all that fails says where. */
export class RequestPart {
  readonly value: unknown;
  /** JSON pointer (RFC 6901) from the request's body. */
  readonly pointer: string;

  constructor(value: unknown, pointer: string) {
    this.value = value;
    this.pointer = pointer;
  }

  /** @returns a problem that names this place */
  problem(code: ErrorCode, detail: string, extra: Readonly<Record<string, unknown>> = {}): Problem {
    return new Problem(code, `${this.pointer === '' ? 'The request' : this.pointer}: ${detail}`, {
      pointer: this.pointer,
      ...extra,
    });
  }

  /** As `problem`, of a name that is none of those there are: the nearest one is told first. */
  noSuch(code: ErrorCode, detail: string, choices: readonly string[]): Problem {
    const nearest = typeof this.value === 'string' ? nearestTo(this.value, choices) : null;
    const meant = nearest === null ? '' : ` Did you mean ${JSON.stringify(nearest)}?`;
    return this.problem(code, `${detail}${meant}`, { nearest, choices: choices.slice(0, 100) });
  }

  /** @throws Problem query_invalid where it is no object, or has a member that is not one of these */
  object<const Name extends string>(members: readonly Name[]): { readonly [N in Name]?: RequestPart } {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) {
      throw this.#invalid('an object', `with ${members.join(', ')}`);
    }
    const parts: { [N in Name]?: RequestPart } = {};
    for (const [name, value] of Object.entries(this.value)) {
      const part = new RequestPart(value, `${this.pointer}/${escaped(name)}`);
      if (!members.includes(name as Name)) {
        const unknown = new RequestPart(name, part.pointer);
        throw unknown.noSuch('query_invalid', 'There is no such member here.', members);
      }
      parts[name as Name] = part;
    }
    return parts;
  }

  /** @throws Problem query_invalid where it is no array of as many */
  array(least: number, most: number): readonly RequestPart[] {
    if (!Array.isArray(this.value)) throw this.#invalid('an array');
    if (this.value.length < least || this.value.length > most) {
      throw this.problem('query_invalid', `It has ${this.value.length} items; it may have ${least} to ${most}.`);
    }
    return this.value.map((value, index) => new RequestPart(value, `${this.pointer}/${index}`));
  }

  /** @throws Problem query_invalid where it is no text of 1 to `most` characters */
  text(most = 255): string {
    if (typeof this.value !== 'string') throw this.#invalid('a text');
    // Characters, as in the names of columns: an emoji has a length of 2.
    const length = this.value.length > most ? [...this.value].length : this.value.length;
    if (length === 0 || length > most) {
      throw this.problem('query_invalid', `It has ${length} characters; it may have 1 to ${most}.`);
    }
    return this.value;
  }

  /** @throws Problem query_invalid */
  number(least: number, most: number): number {
    const { value } = this;
    if (typeof value !== 'number') throw this.#invalid(`a number from ${least} to ${most}`);
    if (value >= least && value <= most) return value;
    throw this.problem('query_invalid', `It is ${value}; it must be a number from ${least} to ${most}.`, {
      nearest: value < least ? least : most,
    });
  }

  /** @throws Problem query_invalid */
  integer(least: number, most: number): number {
    if (typeof this.value !== 'number' || !Number.isInteger(this.value)) {
      throw this.#invalid(`a whole number from ${least} to ${most}`);
    }
    return this.number(least, most);
  }

  /** @throws Problem query_invalid, with the nearest of the choices */
  oneOf<const Choice extends string>(choices: readonly Choice[]): Choice {
    const choice = choices.find((each) => each === this.value);
    if (choice !== undefined) return choice;
    throw this.noSuch('query_invalid', `${shown(this.value)} is not one of ${choices.join(', ')}.`, choices);
  }

  #invalid(wanted: string, more = ''): Problem {
    return this.problem('query_invalid', `It is ${shown(this.value)}; it must be ${wanted}${more && ` ${more}`}.`);
  }
}

/** The choice with the fewest letters to change, letter case left aside; null where there is none. */
export function nearestTo(wanted: string, choices: readonly string[]): string | null {
  const folded = choices.map((choice) => choice.toLowerCase());
  return folded.length === 0 ? null : (choices[folded.indexOf(closest(wanted.toLowerCase(), folded))] ?? null);
}

/** A value of a request in a sentence, cut to a readable length. */
export function shown(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  // Not as JSON: it may be nested so deep that there is no stack for it.
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function escaped(name: string): string {
  return name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');
}
