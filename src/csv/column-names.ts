import { Problem } from '../errors.ts';
import { RESERVED_PREFIX } from '../model/columns.ts';

const MAX_NAME_CHARACTERS = 255;
/** Names told of a file that has too many. */
const SHOWN_NAMES = 20;

/**
 * Checks the names in a header record, in their order.
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
          ? 'has no name: the header line ends with a delimiter, or its last name is missing'
          : 'has no name',
      );
    }
    if ([...name].length > MAX_NAME_CHARACTERS) refuse(`has a name of more than ${MAX_NAME_CHARACTERS} characters`);
    if (!name.isWellFormed()) refuse(`, ${JSON.stringify(name)}, has a name that is not valid Unicode`);
    // A header is trimmed: a declared column could not be found in any file.
    if (name !== name.trim()) refuse(`, ${JSON.stringify(name)}, has a name that starts or ends with white space`);
    if (/\p{Cc}/u.test(name)) refuse(`, ${JSON.stringify(name)}, has control characters in its name`);
    if (name.toLowerCase().startsWith(RESERVED_PREFIX)) refuse(`, '${name}', begins with ${RESERVED_PREFIX}`);
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      throw new Problem(
        'duplicate_column',
        `Columns ${other} and ${position} are both named '${name}' (letter case does not count).`,
        { name, positions: [other, position] },
      );
    }
    seen.set(name.toLowerCase(), position);
  }
}

/** @throws Problem too_many_columns */
export function checkColumnCount(names: readonly string[], most: number): void {
  if (names.length <= most) return;
  const shown = names.slice(0, SHOWN_NAMES).map((name) => `'${name}'`);
  throw new Problem(
    'too_many_columns',
    `The file has ${names.length} columns and a table may have ${most}: ${shown.join(', ')}${names.length > SHOWN_NAMES ? ' and more' : ''}.`,
    { columns: names.length, max_columns: most, names: names.slice(0, SHOWN_NAMES) },
  );
}
