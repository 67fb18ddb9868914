import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { FormatDecision } from '../../../src/csv/values/decide-formats.ts';
import type { TableColumn } from '../../../src/csv/values/file-clues.ts';
import type { ValueOptions } from '../../../src/csv/values/value-options.ts';
import { decide, tableColumn } from './deciding.ts';
import { read } from './reading.ts';
import { columns, type Style, styles, type WrittenColumn } from './written-files.ts';

const delimiters = fc.constantFrom(',', ';', '\t', '|');

/** Columns a, b, c of a file. */
function named(file: readonly WrittenColumn[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(file.map(({ cells }, index) => ['abcdef'[index], cells.map(({ text }) => text)]));
}

const files = styles.chain((style) =>
  fc.record({
    style: fc.constant(style),
    delimiter: delimiters,
    file: fc
      .integer({ min: 1, max: 12 })
      .chain((rows) => fc.array(columns(style, rows), { minLength: 1, maxLength: 4 })),
  }),
);

/** What the sender would say if asked. */
function answers(style: Style, { questions }: FormatDecision): Partial<ValueOptions> {
  return {
    ...(questions.some(({ option }) => option === 'decimal') ? { decimal: style.decimal } : {}),
    ...(questions.some(({ option }) => option === 'date_order') ? { order: style.order } : {}),
  };
}

/** Checks that no value of a column became another one without a word. @returns how many values were read as their type */
function check(column: WrittenColumn, index: number, decision: FormatDecision): number {
  const name = 'abcdef'[index] as string;
  const { format } = decision.columns[index] as FormatDecision['columns'][number];
  const warned = (...codes: string[]): boolean =>
    decision.warnings.some(({ column: about, code }) => about === name && codes.includes(code));
  const values = read(
    format,
    column.cells.map(({ text }) => text),
  );
  let typed = 0;
  for (const [row, value] of values.entries()) {
    const { text, means } = column.cells[row] as WrittenColumn['cells'][number];
    if (String(value).startsWith('rejected')) continue;
    const isSame =
      format.type === 'text'
        ? value === text
        : format.type === 'number'
          ? isSameNumber(value, means)
          : isSameText(value, means);
    // What is not certain is allowed if the receipt says it.
    const isSaid = value === null ? warned('nulls') : warned('decimal_mark_chosen', 'date_order_chosen');
    assert.ok(isSame || isSaid, `'${text}' means ${means} and became ${value} as ${JSON.stringify(format)}`);
    if (isSame && format.type !== 'text') typed++;
  }
  return typed;
}

function isSameNumber(value: unknown, means: string | null): boolean {
  return value === null || means === null ? value === means : Number(value) === Number(means);
}

function isSameText(value: unknown, means: string | null): boolean {
  return value === means || value === `${means} 00:00:00`;
}

describe('a file of any style', () => {
  it('is read as what it means, or is a question, or has a warning that shows the other reading', () => {
    let typed = 0;
    let questions = 0;
    fc.assert(
      fc.property(files, ({ delimiter, file }) => {
        const decision = decide(named(file), { delimiter });
        if (decision.questions.length > 0) {
          questions++;
          for (const { readings, text, column } of decision.questions) {
            const { cells } = file['abcdef'.indexOf(column)] as WrittenColumn;
            assert.ok(cells.some((cell) => cell.text.trim() === text.trim()));
            assert.ok(new Set(readings.map(({ meaning }) => meaning)).size > 1);
          }
          return;
        }
        for (const [index, column] of file.entries()) typed += check(column, index, decision);
      }),
      { numRuns: 2000 },
    );
    assert.ok(typed > 5_000 && questions > 50, `${typed} ${questions}`);
  });

  it('is read as what it means once its questions are answered', () => {
    let answered = 0;
    fc.assert(
      fc.property(files, ({ style, delimiter, file }) => {
        const first = decide(named(file), { delimiter });
        if (first.questions.length === 0) return;
        const options = answers(style, first);
        const decision = decide(named(file), { delimiter, options });
        // The answer of one question may leave the other one open.
        const again = decide(named(file), { delimiter, options: { ...options, ...answers(style, decision) } });
        assert.deepEqual(again.questions, []);
        for (const [index, column] of file.entries()) {
          check(column, index, again);
          if (column.kind !== 'text') assert.equal(again.columns[index]?.rejected, 0);
        }
        answered++;
      }),
      { numRuns: 2000 },
    );
    assert.ok(answered > 50);
  });

  it('is never read wrongly or rejected if its style is declared', () => {
    fc.assert(
      fc.property(files, ({ style, delimiter, file }) => {
        const { decimal, thousands, order } = style;
        const options = { decimal, thousands: thousands ?? 'none', order: style.named ? null : order } as const;
        const decision = decide(named(file), { delimiter, options });
        assert.deepEqual(decision.questions, []);
        for (const [index, column] of file.entries()) {
          assert.equal(decision.columns[index]?.rejected, 0);
          check(column, index, decision);
          assert.ok(!decision.warnings.some(({ code }) => code.endsWith('_chosen')));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same decision whatever the order of its rows and the parts in which they are read', () => {
    fc.assert(
      fc.property(files, fc.nat(), ({ delimiter, file }, seed) => {
        const whole = decide(named(file), { delimiter });
        const rows = file[0]?.cells.length ?? 0;
        const order = Array.from({ length: rows }, (_, row) => (row * 7 + seed) % rows).filter(
          (row, at, all) => all.indexOf(row) === at,
        );
        if (order.length < rows) return;
        const shuffled = decide(
          Object.fromEntries(
            Object.entries(named(file)).map(([name, cells]) => [name, order.map((row) => cells[row] as string)]),
          ),
          { delimiter },
        );
        const essence = ({ columns: decided, questions }: FormatDecision) => [
          decided.map(({ format, settled, rejected, values }) => ({ format, settled, rejected, values })),
          questions.map(({ column, option }) => ({ column, option })),
        ];
        assert.deepEqual(essence(shuffled), essence(whole));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('files of one customer, one after the other', () => {
  const uploads = styles.chain((style) =>
    fc
      .array(
        fc.constantFrom('integer', 'number', 'date', 'timestamp', 'boolean') as fc.Arbitrary<WrittenColumn['kind']>,
        { minLength: 1, maxLength: 3 },
      )
      .chain((kinds) =>
        fc.record({
          style: fc.constant(style),
          delimiter: delimiters,
          files: fc.array(
            fc
              .integer({ min: 1, max: 4 })
              .chain((rows) => fc.tuple(...kinds.map((kind) => columnsOf(kind, style, rows)))),
            { minLength: 2, maxLength: 4 },
          ),
        }),
      ),
  );

  function columnsOf(kind: WrittenColumn['kind'], style: Style, rows: number): fc.Arbitrary<WrittenColumn> {
    return columns(style, rows).filter((column) => column.kind === kind);
  }

  it('never mix styles in a column without a word', () => {
    let later = 0;
    fc.assert(
      fc.property(uploads, ({ style, delimiter, files: sent }) => {
        let table: TableColumn[] | null = null;
        for (const file of sent) {
          let decision = decide(named(file), { delimiter, table });
          for (let round = 0; round < 2 && decision.questions.length > 0; round++)
            decision = decide(named(file), { delimiter, table, options: answers(style, decision) });
          if (decision.questions.length > 0) return;
          for (const [index, column] of file.entries()) later += check(column, index, decision);
          // Rows that do not fit fail the upload.
          if (decision.columns.some(({ rejected }) => rejected > 0)) continue;
          table = decision.columns.map(({ name, format, settled }) => tableColumn(name, format.type, settled));
        }
      }),
      { numRuns: 1000 },
    );
    assert.ok(later > 2000, String(later));
  });
});
