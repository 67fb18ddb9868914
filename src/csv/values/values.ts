/** Values that have something in common: how many, and the first of them. */
export interface Values {
  count: number;
  /** Line of the file on which the record of the first one begins. */
  line: number;
  /** The first one, without spaces around it, cut after 200 characters. */
  text: string;
}

/** Both together, as new values. */
export function addValues(some: Values | null, more: Values): Values {
  if (some === null) return { ...more };
  const { line, text } = some.line <= more.line ? some : more;
  return { count: some.count + more.count, line, text };
}
