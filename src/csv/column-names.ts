import { Problem } from '../errors.ts';
import { RESERVED_PREFIX } from '../model/columns.ts';

const MAX_NAME_CHARACTERS = 255;
/** Number of names to show if a file has too many. */
const SHOWN_NAMES = 20;

/**
 * Checks the names in a header record.
 *
 * @throws Problem column_name_invalid, duplicate_column
 */
export function checkColumnNames(names: readonly string[]): void {
  const seen = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const position = index + 1;
    const refuse = (why: string): never => {
      throw new Problem('column_name_invalid', `Column ${position} ${why}.`, { position, name });
    };
    if (name === '') {
      refuse(
        position === names.length
          ? 'has no name: the header ends with a delimiter (set surplus=drop_empty to ignore it), or its last name is missing'
          : 'has no name',
      );
    }
    if ([...name].length > MAX_NAME_CHARACTERS) refuse(`has a name with more than ${MAX_NAME_CHARACTERS} characters`);
    if (!name.isWellFormed()) refuse(`has a name that is not valid Unicode, ${JSON.stringify(name)}`);
    // A header is trimmed: a declared column could not be found in any file.
    if (name !== name.trim()) refuse(`has a name that starts or ends with white space, ${JSON.stringify(name)}`);
    if (/\p{Cc}/u.test(name)) refuse(`has control characters in its name, ${JSON.stringify(name)}`);
    if (name.toLowerCase().startsWith(RESERVED_PREFIX))
      refuse(`has a name that begins with ${RESERVED_PREFIX}: '${name}'`);
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      throw new Problem(
        'duplicate_column',
        `Columns ${other} and ${position} have the same name, '${name}'. Letter case is ignored.`,
        { name, positions: [other, position] },
      );
    }
    seen.set(name.toLowerCase(), position);
  }
}

/** @throws Problem too_many_columns */
export function checkColumnCount(names: readonly string[], max: number): void {
  if (names.length <= max) return;
  const shown = names.slice(0, SHOWN_NAMES).map((name) => `'${name}'`);
  throw new Problem(
    'too_many_columns',
    `The file has ${names.length} columns, more than the maximum of ${max}: ${shown.join(', ')}${names.length > SHOWN_NAMES ? ' and more' : ''}.`,
    { columns: names.length, max_columns: max, names: names.slice(0, SHOWN_NAMES) },
  );
}
