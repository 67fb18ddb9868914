/** Powers of two that DuckDB 1.5 writes as other numbers: 2^81 as 2^82, 2^91 as 2^92, and 2^807 with a letter as its first digit. */
const MISWRITTEN = [2 ** 81, 2 ** 91, 2 ** 807];

/** A finite number in the shortest digits that are read as the same number. */
export function numberTextSql(value: string): string {
  const cases = MISWRITTEN.flatMap((number) => [number, -number])
    .map((number) => `WHEN ${doubleSql(number)} THEN '${number}'`)
    .join(' ');
  const text = `CAST(${value} AS VARCHAR)`;
  return `CASE WHEN abs(${value}) >= ${doubleSql(2 ** 81)} THEN CASE ${value} ${cases} ELSE ${text} END ELSE ${text} END`;
}

/** As text, which DuckDB reads exactly: a decimal literal would be a DECIMAL. */
export function doubleSql(value: number): string {
  return `CAST('${value}' AS DOUBLE)`;
}
