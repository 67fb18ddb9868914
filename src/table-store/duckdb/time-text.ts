/** A date or timestamp as text, in the form it has in JSON: ISO 8601, in UTC. */
export function timeTextSql(type: 'date' | 'timestamp', value: string): string {
  const usual = `CASE WHEN ${usualYear(value)} THEN`;
  if (type === 'date') return `${usual} CAST(${value} AS VARCHAR) ELSE ${unusualDateSql(value)} END`;
  const unusual = `${unusualDateSql(value)} || 'T' || CAST(${value} AS TIME) || 'Z'`;
  return `${usual} replace(CAST(${value} AS VARCHAR), ' ', 'T') || 'Z' ELSE ${unusual} END`;
}

function usualYear(time: string): string {
  return `${time} >= '0001-01-01' AND ${time} < '10000-01-01'`;
}

/** ISO 8601: year 0 with four digits, others with a sign and six. DuckDB writes `(BC)`, and years without padding. */
function unusualDateSql(time: string): string {
  const year = `year(${time})`;
  const expanded = `(CASE WHEN ${year} < 0 THEN '-' ELSE '+' END || lpad(CAST(abs(${year}) AS VARCHAR), 6, '0'))`;
  return `CASE WHEN ${year} = 0 THEN '0000' ELSE ${expanded} END || '-' || lpad(CAST(month(${time}) AS VARCHAR), 2, '0') || '-' || lpad(CAST(day(${time}) AS VARCHAR), 2, '0')`;
}
