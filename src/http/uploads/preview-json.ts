import type * as api from '../../api/previews.ts';
import type { Preview } from '../../ingest/preview/preview-file.ts';
import { columnJson } from './upload-json.ts';

export function previewJson(preview: Preview): api.Preview {
  const { encoding, dialect } = preview.detected;
  const { missing, extra, exists } = preview.table;
  return {
    complete: preview.isWhole,
    dialect: {
      encoding,
      delimiter: dialect.dialect.delimiter,
      quote: dialect.dialect.quote,
      escape: dialect.layout.escape,
      header: dialect.dialect.header,
      skipped_lines: dialect.layout.skippedLines,
      comment: dialect.layout.comment,
    },
    columns: preview.columns.map((column) => askedColumn(columnJson(column), preview)),
    rows: preview.rows.map((row) => [...row]),
    rows_read: preview.rowsRead,
    rejected_rows: preview.rejectedRows,
    rejected: [...preview.rejected],
    warnings: [...preview.warnings],
    notes: [...preview.notes],
    questions: preview.questions.map((question) => ({ code: 'ambiguous_values', ...questionJson(question) })),
    guesses: preview.guesses.map((guess) => ({ ...questionJson(guess), chosen: guess.chosen })),
    table: {
      exists,
      matches: missing.length === 0 && extra.length === 0,
      missing: [...missing],
      extra: [...extra],
    },
    duplicate_of: preview.duplicateOf && {
      id: preview.duplicateOf.id,
      created_at: preview.duplicateOf.createdAt.toISOString(),
    },
  };
}

/** The marks and the order of a column with an open question are not decided. */
function askedColumn(column: api.Preview['columns'][number], { questions }: Preview): api.Preview['columns'][number] {
  const isAsked = questions.some((question) => question.column === column.name);
  return isAsked ? { ...column, decimal: null, thousands: null, order: null } : column;
}

type Question = Preview['questions'][number] | Preview['guesses'][number];

function questionJson({ column, line, text, option, readings, message }: Question) {
  const choices = readings.map(({ value, meaning }) => ({
    value,
    reading: READINGS[`${option}=${value}`] ?? value,
    example_text: text,
    example_value: meaning,
  }));
  return { column, line, option, choices, message };
}

/** Choices in words. */
const READINGS: Readonly<Record<string, string>> = {
  'decimal=.': 'decimal point',
  'decimal=,': 'decimal comma',
  'date_order=dmy': 'the day first',
  'date_order=mdy': 'the month first',
  'date_order=ymd': 'the year first',
  'header=true': 'with a header',
  'header=false': 'without a header',
};
