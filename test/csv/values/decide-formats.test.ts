import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ValueFormat } from '../../../src/model/value-format.ts';
import { decide, formatOf, tableColumn, warningCodes } from './deciding.ts';
import { DATE, INTEGER, NUMBER, read, UTC } from './reading.ts';

const dates = (order: 'dmy' | 'mdy' | 'ymd'): ValueFormat => ({ type: 'date', order, pattern: null });
const integers = (thousands: ',' | '.' | ' ' | "'"): ValueFormat => ({ type: 'integer', thousands });
const numbers = (decimal: '.' | ',', thousands: ',' | '.' | ' ' | "'" | null = null): ValueFormat => ({
  type: 'number',
  decimal,
  thousands,
});

describe('the type of a new column', () => {
  const cases: readonly [name: string, values: readonly string[], format: ValueFormat][] = [
    ['whole numbers up to 64 bits', ['1', '-5', '0', '9223372036854775807'], INTEGER],
    ['whole numbers after spaces', [' 1', '2 '], INTEGER],
    ['whole numbers past 64 bits', ['9223372036854775808', '1'], { type: 'text' }],
    ['leading zeros', ['007', '1'], { type: 'text' }],
    ['leading zeros among decimals', ['1.5', '007'], { type: 'text' }],
    ['decimals', ['1.5', '2', '-0.25', '1e5', '.5', '5.'], NUMBER],
    ['numbers with NaN and infinity', ['nan', '1.5', 'inf', '-Infinity'], NUMBER],
    ['numbers past what a float holds', ['1e400', '1'], { type: 'text' }],
    ['whole numbers that a float does not keep among decimals', ['9007199254740993', '1.5'], { type: 'text' }],
    ['underscores', ['1_000', '2_000'], { type: 'text' }],
    ['telephone numbers', ['+49123', '+33'], { type: 'text' }],
    ['true and false', ['true', 'FALSE'], { type: 'boolean' }],
    ['true and a number', ['true', '1'], { type: 'text' }],
    ['ISO dates', ['2014-07-01', '2015-01-02'], DATE],
    ['ISO times with and without offsets', ['2014-07-01T00:00:00Z', '2014-07-01 00:00:00.5-05:00'], UTC],
    ['days and times', ['2014-07-01', '2014-07-01 10:00'], UTC],
    ['month names', ['Jan 1 2000', 'Feb 1 2000'], DATE],
    ['month names and ISO dates', ['Jan 1 2000', '2000-02-01', '20000203'], DATE],
    ['dates with the month first', ['12/31/2020', '01/02/2020'], dates('mdy')],
    ['dates with the day first', ['31/12/2020', '01/02/2020'], dates('dmy')],
    ['dates in both orders', ['31/12/2020', '12/31/2020'], { type: 'text' }],
    ['dates that are the same in both orders', ['03/03/2024', '12/12/2024'], DATE],
    ['years of two digits', ['12/31/20', '01/02/20'], dates('mdy')],
    ['years of two digits that come first', ['99-12-31', '01-02-03'], dates('ymd')],
    ['times of web server logs', ['10/Oct/2000:13:55:36 -0700'], UTC],
    ['times of e-mail', ['Tue, 01 Jul 2014 10:00:00 +0200'], UTC],
    ['version numbers', ['1.2.3', '1.10.0'], { type: 'text' }],
    ['times of day', ['10:00', '11:00'], { type: 'text' }],
    ['words that databases read as times', ['epoch', '2014-07-01'], { type: 'text' }],
    ['no value', ['', ''], { type: 'unknown' }],
    ['null words only', ['NA', '-', ''], { type: 'unknown' }],
    ['article numbers with an E', ['10452', '47E0021', '47E0022', '88121'], { type: 'text' }],
    ['article numbers like exponents', ['10452', '47E21', '88121'], { type: 'text' }],
    ['exponents only', ['1e5', '2e5'], { type: 'text' }],
    ['exponents and a number that may be 1250', ['1.250', '47E21'], { type: 'text' }],
    ['exponents with a sign', ['1e+5', '2e5'], NUMBER],
    ['decimal commas', ['12,50', '3'], numbers(',')],
    ['decimal commas and points', ['2.418,75', '1.250', '3'], numbers(',', '.')],
    ['decimal points and commas', ['2,418.75', '1,250'], numbers('.', ',')],
    ['commas between thousands', ['1,250,000', '1,250', '12'], integers(',')],
    ['points between thousands', ['1.250.000', '1.250'], integers('.')],
    ['spaces between thousands', ['1 250', '950'], integers(' ')],
    ['apostrophes between thousands', ["1'250", '950.5'], numbers('.', "'")],
    ['spaces between thousands, and points', ['1 250', '1.250'], numbers('.', ' ')],
    ['decimals with different marks', ['12.5', '12,5'], { type: 'text' }],
    ['dates as eight digits', ['20240102', '20240103'], INTEGER],
    ['eight digits that are dates among others', ['20240102', '2024-01-03'], DATE],
  ];
  for (const [name, values, format] of cases) {
    it(`is ${format.type} for ${name}`, () => assert.deepEqual(formatOf(values), format));
  }
});

describe('a new column', () => {
  const texts = fc.constantFrom(
    ...[
      '1',
      '-5',
      '1.5',
      '1,5',
      '1.250',
      '1,250',
      '1 250',
      "1'250",
      '1.250.000',
      '1,250,000',
      '2.418,75',
      '1e5',
      '1e+5',
      '-0',
    ],
    ...[
      '9007199254740993',
      'NaN',
      '20240102',
      '2024-01-02',
      '02/03/2024',
      '03/03/2024',
      '03/03/24',
      '31/12/2024',
      '12/31/2024',
    ],
    ...[
      '02/03/04',
      '31/12/24',
      '99-12-31',
      '05/05/05',
      '24/01/24',
      '04/05/04',
      '01.02.24',
      '02-JAN-24',
      '2024-01-02 10:00',
    ],
    ...['02/03/2024 10:00Z', 'Sun 04/05/2025', 'true', 'False', 'x', '10:00', 'NA', '', ' ', '-'],
  );

  it('rejects nothing, unless an option says how it is written', () => {
    fc.assert(
      fc.property(
        fc.array(texts, { maxLength: 6 }),
        fc.array(texts, { maxLength: 6 }),
        fc.constantFrom(',', ';'),
        (a, b, delimiter) => {
          const { columns, questions } = decide({ a, b }, { delimiter });
          if (questions.length > 0) return;
          for (const [index, values] of [a, b].entries()) {
            const column = columns[index] as (typeof columns)[number];
            assert.equal(column.rejected, 0);
            assert.ok(
              read(column.format, values).every((value) => !String(value).startsWith('rejected')),
              JSON.stringify(column),
            );
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('counts as rejected what the parser rejects', () => {
    const orders = fc.constantFrom(null, 'dmy' as const, 'mdy' as const, 'ymd' as const);
    const decimals = fc.constantFrom(null, '.' as const, ',' as const);
    const types = fc.constantFrom(
      'integer' as const,
      'number' as const,
      'boolean' as const,
      'date' as const,
      'timestamp' as const,
      'unknown' as const,
    );
    fc.assert(
      fc.property(
        fc.array(texts, { maxLength: 8 }),
        orders,
        decimals,
        types,
        orders,
        (a, order, decimal, type, settled) => {
          const table = [tableColumn('a', type, { order: settled })];
          const { columns, questions } = decide({ a }, { options: { order, decimal }, table });
          if (questions.length > 0) return;
          const [column] = columns;
          const values = read(column?.format as ValueFormat, a);
          assert.equal(values.filter((value) => String(value).startsWith('rejected')).length, column?.rejected);
        },
      ),
      { numRuns: 5000 },
    );
  });
});

describe('nulls', () => {
  it('are words that mean null, where the other values have a type, and are counted', () => {
    const { columns, warnings } = decide({
      t: ['2024-01-01', '2024-01-02', '2024-01-03'],
      dose: ['9', 'NA', '100'],
      note: ['NA', 'x', 'y'],
    });
    assert.deepEqual(
      columns.map(({ format }) => format),
      [DATE, INTEGER, { type: 'text' }],
    );
    const [nulls] = warnings.filter(({ code }) => code === 'nulls');
    assert.equal(
      nulls?.message,
      "Column 'dose' has 1 value read as null: 1 × 'NA'. Line 3 is the first. The option nulls sets the list.",
    );
    assert.deepEqual(
      warnings.filter(({ column }) => column === 'note').map(({ code }) => code),
      [],
    );
  });

  it('are those of the option, if there is one', () => {
    assert.deepEqual(formatOf(['9', '-999', '1.5'], { options: { nulls: ['-999'] } }), NUMBER);
    assert.deepEqual(formatOf(['9', 'NA'], { options: { nulls: [] } }), { type: 'text' });
    assert.deepEqual(formatOf(['missing', '7'], { options: { nulls: ['missing'] } }), INTEGER);
  });
});

describe('a column that is nearly of a type', () => {
  const message = (values: readonly string[], name = 'Date', more = {}): string | undefined =>
    decide({ [name]: values }, more).warnings.find(({ code }) => code === 'nearly_typed')?.message;

  it('is text, with a warning that shows the first exception', () => {
    assert.equal(
      message(['2024-01-01', '2024-01-02', '2024-01-03', 'Total']),
      "Column 'Date' is text: 1 of 4 values is not a date. Line 5: 'Total'.",
    );
    assert.equal(message(['kg', '1.5']), "Column 'Date' is text: 1 of 2 values is not a number. Line 2: 'kg'.");
    assert.equal(
      message(['kg', '1.5', '2', '3']),
      "Column 'Date' is text: 1 of 4 values is not a number. Line 2: 'kg'.",
    );
    assert.equal(
      message(['1', '2', '3', '0000-00-00', 'x']),
      "Column 'Date' is text: 2 of 5 values are not whole numbers. Line 5: '0000-00-00'.",
    );
    assert.equal(
      message(['2024-01-01 10:00', '2024-02-30 10:00', '2024-01-01 10:00']),
      "Column 'Date' is text: 1 of 3 values is not a date and time. Line 3: '2024-02-30 10:00' is not a date and time: there is no 30 February.",
    );
    assert.equal(
      message(['90210', '03045', '60614']),
      "Column 'Date' is text: 1 of 3 values is not a whole number. Line 3: '03045' has a leading zero, which a whole number does not keep.",
    );
    assert.equal(
      message(['31/12/2020', '12/31/2020', '30/12/2020']),
      "Column 'Date' is text: 1 of 3 values is not a date with the day first. Line 3: '12/31/2020'.",
    );
    assert.equal(
      message(['12.5', '12,5', '13.5']),
      "Column 'Date' is text: 1 of 3 values is not a number with a decimal point. Line 3: '12,5'.",
    );
    assert.equal(
      message(['3.0', '3.1', '4.0.2']),
      "Column 'Date' is text: 1 of 3 values is not a number. Line 4: '4.0.2'.",
    );
    assert.equal(
      message(['true', 'false', 'maybe']),
      "Column 'Date' is text: 1 of 3 values is not true or false. Line 4: 'maybe'.",
    );
  });

  it('has no warning if most of its values are text', () => {
    for (const values of [
      ['x', 'y', '1'],
      ['Berlin', 'Paris'],
      ['10:00', '11:00'],
      ['x', 'NA', 'NA', '-', '-'],
    ])
      assert.equal(message(values), undefined);
  });
});

describe('numbers that can be read in two ways', () => {
  it('are read by the other values of their column', () => {
    assert.deepEqual(warningCodes(decide({ a: ['1.250', '12.5'] }, { delimiter: ';' })), []);
    assert.deepEqual(formatOf(['1.250', '12.5'], { delimiter: ';' }), NUMBER);
    assert.deepEqual(formatOf(['1.250', '1.250.000'], { delimiter: ';' }), integers('.'));
    assert.deepEqual(formatOf(['1,250', '0,5'], { delimiter: ';' }), numbers(','));
  });

  it('are read by another column of the file, with a warning', () => {
    const decision = decide({ price: ['1.250', '950'], total: ['2.418,75', '1'] });
    assert.deepEqual(
      decision.columns.map(({ format }) => format),
      [integers('.'), numbers(',', '.')],
    );
    assert.deepEqual(warningCodes(decision), ['decimal_mark_chosen']);
    assert.equal(
      decision.warnings[0]?.message,
      "Column 'price' is read with a decimal comma, like column 'total': '1.250' in line 2 is 1250. With decimal=. it is 1.25.",
    );
    assert.equal(decision.columns[0]?.settled.decimal, ',');
  });

  it('are not read by a column of texts', () => {
    const table = [tableColumn('a', 'number'), tableColumn('b', 'text')];
    assert.deepEqual(decide({ a: ['1.250'], b: ['12,50'] }, { table }).columns[0]?.format, NUMBER);
  });

  it('are decimals in files with commas or tabs, with a warning', () => {
    for (const delimiter of [',', '\t']) {
      const decision = decide({ price: ['1.250', '950'] }, { delimiter });
      assert.deepEqual(decision.columns[0]?.format, NUMBER);
      assert.equal(
        decision.warnings[0]?.message,
        "Column 'price' is read with a decimal point, which is likelier: '1.250' in line 2 is 1.25. With decimal=, it is 1250.",
      );
      assert.equal(decision.columns[0]?.settled.decimal, '.');
    }
  });

  it('are a question otherwise', () => {
    for (const [texts, delimiter] of [
      [{ price: ['1.250', '950'] }, ';'],
      [{ price: ['1,250', '950'] }, ';'],
      [{ price: ['1,250', '950'] }, ','],
      [{ price: ['1.250', '950'] }, '|'],
      [{ price: ['1.250', '2,500'] }, ','],
      // Other columns contradict each other.
      [{ price: ['1.250'], b: ['12.5'], c: ['12,5'] }, ','],
    ] as const) {
      const { questions } = decide(texts, { delimiter });
      assert.equal(questions.length, 1);
      assert.equal(questions[0]?.column, 'price');
      assert.equal(questions[0]?.option, 'decimal');
    }
    const [question] = decide({ price: ['950', '1.250'] }, { delimiter: ';' }).questions;
    assert.deepEqual(question, {
      column: 'price',
      line: 3,
      text: '1.250',
      option: 'decimal',
      readings: [
        { value: '.', meaning: '1.25' },
        { value: ',', meaning: '1250' },
      ],
      message:
        "Column 'price' can be read in two ways, and nothing in the file decides. Line 3: '1.250' is 1.25 (decimal=.) or 1250 (decimal=,).",
    });
  });

  it('are read by an option without a word', () => {
    for (const [options, format] of [
      [{ decimal: '.' }, NUMBER],
      [{ decimal: ',' }, integers('.')],
      [{ thousands: '.' }, integers('.')],
      [{ thousands: ',' }, NUMBER],
    ] as const) {
      const decision = decide({ price: ['1.250', '950'] }, { delimiter: ';', options });
      assert.deepEqual(decision.columns[0]?.format, format);
      assert.deepEqual(warningCodes(decision), []);
    }
    assert.deepEqual(formatOf(['1.250', '7'], { options: { decimal: ',', thousands: 'none' } }), { type: 'text' });
  });

  it('are read as the table was so far', () => {
    const table = [tableColumn('a', 'number', { decimal: ',' })];
    for (const [delimiter, isNote] of [
      [';', true],
      // In such a file, a point is hardly ever anything but the decimal mark.
      [',', false],
    ] as const) {
      const decision = decide({ a: ['1.250'] }, { table, delimiter });
      assert.deepEqual(decision.columns[0]?.format, numbers(',', '.'));
      assert.deepEqual(
        decision.warnings.map((warning) => [warning.code, warning.isNote]),
        [
          ['decimal_mark_chosen', isNote],
          ['thousands_marks', true],
        ],
      );
    }
    const contradicted = decide({ a: ['12.5', '1.250', '3'] }, { table }).columns[0];
    assert.deepEqual([contradicted?.format, contradicted?.rejected], [numbers(',', '.'), 1]);
    const unambiguous = decide({ a: ['12.5', '3'] }, { table }).columns[0];
    assert.deepEqual([unambiguous?.format.type, unambiguous?.rejected], ['number', 1]);
    // Another column, about which nothing was settled, shows that this file is written otherwise.
    const both = [...table, tableColumn('b', 'number')];
    assert.equal(decide({ a: ['1.250'], b: ['12.5'] }, { table: both }).questions.length, 1);
    // Of which it was: then the table has columns of both styles.
    const mixed = [...table, tableColumn('b', 'number', { decimal: '.' })];
    assert.deepEqual(decide({ a: ['1.250'], b: ['12.5'] }, { table: mixed }).questions, []);
    // And what is settled for another column helps a new one.
    assert.deepEqual(
      decide({ a: ['5'], b: ['1.250'] }, { table: [...table, tableColumn('b', 'unknown')] }).columns[1]?.format,
      integers('.'),
    );
    const contrary = [...table, tableColumn('b', 'number', { decimal: '.' }), tableColumn('c', 'unknown')];
    assert.equal(decide({ a: ['5'], b: ['5'], c: ['1.250'] }, { table: contrary, delimiter: ';' }).questions.length, 1);
    assert.equal(decide({ a: ['5'], b: ['5'], c: ['1.250'] }, { table: contrary }).questions.length, 1);
  });

  it('are rejected where they contradict an option, unless none of them obeys it', () => {
    const some = decide({ a: ['12,5', '12.5'] }, { options: { decimal: ',' } }).columns[0];
    assert.deepEqual([some?.format, some?.rejected], [numbers(','), 1]);
    const none = decide({ a: ['12.5', '13.5'] }, { options: { decimal: ',' } });
    assert.deepEqual(none.columns[0]?.format, { type: 'text' });
    assert.equal(
      none.warnings[0]?.message,
      "Column 'a' is text: 2 of 2 values are not numbers with a decimal comma. Line 2: '12.5'.",
    );
  });
});

describe('dates that can be read in two orders', () => {
  it('are a question', () => {
    const { questions } = decide({ booked: ['02/03/2023', '05/06/2023'] });
    assert.deepEqual(questions, [
      {
        column: 'booked',
        line: 2,
        text: '02/03/2023',
        option: 'date_order',
        readings: [
          { value: 'dmy', meaning: '2 March 2023' },
          { value: 'mdy', meaning: '3 February 2023' },
        ],
        message:
          "Column 'booked' can be read in two ways, and nothing in the file decides. Line 2: '02/03/2023' is 2 March 2023 (date_order=dmy) or 3 February 2023 (date_order=mdy).",
      },
    ]);
    assert.equal(decide({ a: ['02/03/04'] }).questions[0]?.readings.length, 3);
    assert.equal(decide({ a: ['31/12/24'] }).questions[0]?.readings[1]?.meaning, '24 December 2031');
    assert.equal(decide({ a: ['02/03/2023 10:00', '05/06/2023'] }).questions.length, 1);
  });

  it('are read by an option, by another column, or as the table was so far', () => {
    const ambiguous = ['02/03/2023', '05/06/2023'];
    assert.deepEqual(formatOf(ambiguous, { options: { order: 'mdy' } }), dates('mdy'));
    const byOther = decide({ a: ambiguous, b: ['31/12/2023 10:00', '01/02/2023 10:00'] });
    assert.deepEqual(byOther.columns[0]?.format, dates('dmy'));
    assert.equal(
      byOther.warnings[0]?.message,
      "Column 'a' is read with the day first, like column 'b': '02/03/2023' in line 2 is 2 March 2023. With date_order=mdy it is 3 February 2023.",
    );
    const table = [tableColumn('a', 'date', { order: 'dmy' })];
    const settled = decide({ a: ambiguous }, { table });
    assert.deepEqual(settled.columns[0]?.format, dates('dmy'));
    assert.deepEqual(warningCodes(settled), []);
    assert.equal(settled.warnings.length, 1);
    assert.deepEqual(decide({ a: ambiguous, b: ['12/31/2023', '01/01/2023'] }).columns[0]?.format, dates('mdy'));
    assert.equal(decide({ a: ambiguous, b: ['12/31/2023'], c: ['31/12/2023'] }).questions.length, 1);
    assert.equal(
      decide({ a: ambiguous, b: ['12/31/2023'] }, { table: [...table, tableColumn('b', 'date')] }).questions.length,
      1,
    );
  });

  it('never mix orders in a table: what was settled holds, and what contradicts it is rejected', () => {
    const table = [tableColumn('booked', 'date', { order: 'mdy' })];
    const later = decide({ booked: ['19/06/2023', '07/08/2023'] }, { table }).columns[0];
    assert.deepEqual([later?.format, later?.rejected, later?.settled.order], [dates('mdy'), 1, 'mdy']);
    const declared = decide({ booked: ['19/06/2023', '07/08/2023'] }, { table, options: { order: 'dmy' } }).columns[0];
    assert.deepEqual([declared?.format, declared?.rejected, declared?.settled.order], [dates('dmy'), 0, 'dmy']);
  });

  it('are rejected where they contradict an option', () => {
    const column = decide({ a: ['31/12/2024', '01/02/2024', '2024-05-06'] }, { options: { order: 'mdy' } }).columns[0];
    assert.deepEqual([column?.format, column?.rejected], [dates('mdy'), 1]);
  });

  it('have the day first with dots, and the year where it varies less, with a warning', () => {
    const dotted = decide({ a: ['01.02.2024', '03.04.2024'] });
    assert.deepEqual(dotted.columns[0]?.format, dates('dmy'));
    assert.match(
      dotted.warnings[0]?.message ?? '',
      /which is likelier: .* is 1 February 2024\. With date_order=mdy it is 2 January 2024\.$/,
    );
    const month = Array.from({ length: 20 }, (_, day) => `${String(day + 1).padStart(2, '0')}/11/24`);
    // Also as 11/24: only the months rule the order out.
    assert.equal(decide({ a: month.slice(0, 12) }).questions.length, 1);
    const whole = decide({ a: month });
    assert.deepEqual(whole.columns[0]?.format, dates('dmy'));
    assert.deepEqual(warningCodes(whole), ['date_order_chosen', 'two_digit_years']);
    // Years first, as in 24-11-01 to 24-11-20: nothing rules that out, but it is not much likelier either.
    assert.equal(decide({ a: month.map((date) => date.split('/').reverse().join('-')) }).questions.length, 1);
    const dottedYears = decide({ a: ['31.12.24', '30.12.24'] });
    assert.deepEqual(dottedYears.columns[0]?.format, dates('dmy'));
  });

  it('are a question in spite of dots if other columns contradict each other, or the years come first', () => {
    assert.equal(decide({ a: ['01.02.2024'], b: ['12/31/2023'], c: ['31/12/2023'] }).questions.length, 1);
    const days = Array.from({ length: 20 }, (_, day) => `24.11.${String(day + 1).padStart(2, '0')}`);
    assert.equal(decide({ a: days }).questions.length, 1);
    assert.equal(
      decide({ a: ['31.12.2024', '12.31.2024'] }, { table: [tableColumn('a', 'date')] }).questions.length,
      1,
    );
  });

  it('are no question if a weekday decides', () => {
    assert.deepEqual(formatOf(['Sun 04/05/2025', 'Mon 05/05/2025']), dates('dmy'));
  });
});

describe('a column of the table', () => {
  it('keeps its type, and rejects what it would lose', () => {
    for (const [type, texts, rejected] of [
      ['integer', ['03045', '00610', '7'], 2],
      ['integer', ['+49', '1_000', '0x10', '1e5', 'x'], 5],
      ['number', ['9007199254740993', '007', '+1.5', '9007199254740993.0', '2'], 4],
      ['boolean', ['true', 'yes', '1'], 2],
      ['date', ['2024-01-02', '2024-01-02 00:00', '2024-01-02 10:00', '20240102', 'x'], 2],
      ['timestamp', ['2024-01-02', '2024-01-02 10:00Z', '2024-02-30 10:00'], 1],
      ['text', ['x', '1', '2024-01-01'], 0],
    ] as const) {
      const column = decide({ a: texts }, { table: [tableColumn('a', type, {}, false)] }).columns[0];
      assert.deepEqual([column?.format.type, column?.rejected, column?.becomes], [type, rejected, null], type);
    }
  });

  it('takes a type with its first value', () => {
    const [column] = decide({ a: ['9', '10'] }, { table: [tableColumn('a', 'unknown')] }).columns;
    assert.deepEqual([column?.format, column?.becomes], [INTEGER, 'integer']);
    const [empty] = decide({ a: ['', 'NA'] }, { table: [tableColumn('a', 'unknown')] }).columns;
    assert.deepEqual([empty?.format, empty?.becomes], [{ type: 'unknown' }, null]);
  });

  it('becomes number when decimals come, if it may', () => {
    const widened = decide({ a: ['7.5', '8'] }, { table: [tableColumn('a', 'integer')] });
    assert.deepEqual([widened.columns[0]?.format, widened.columns[0]?.becomes], [NUMBER, 'number']);
    assert.equal(widened.warnings[0]?.message, "Column 'a' was integer and becomes number. Line 2: '7.5'.");
    const [kept] = decide({ a: ['7.5', '8'] }, { table: [tableColumn('a', 'integer', {}, false)] }).columns;
    assert.deepEqual([kept?.format, kept?.becomes, kept?.rejected], [INTEGER, null, 1]);
    // A code does not make a number of integers; nor may 1.250 be 1250 because the column is integer.
    assert.equal(decide({ a: ['47E21'] }, { table: [tableColumn('a', 'integer')] }).columns[0]?.becomes, null);
    assert.equal(decide({ a: ['1.250'] }, { table: [tableColumn('a', 'integer')] }).questions.length, 1);
    assert.equal(decide({ a: ['1.250'] }, { table: [tableColumn('a', 'integer', {}, false)] }).questions.length, 1);
  });

  it('becomes text on request only', () => {
    const table = [tableColumn('a', 'integer'), tableColumn('b', 'date')];
    const texts = { a: ['007', '8'], b: ['2024-01-01', '2024-01-02'] };
    const widened = decide(texts, { table, options: { widen: 'text' } });
    assert.deepEqual(
      widened.columns.map(({ becomes, rejected }) => [becomes, rejected]),
      [
        ['text', 0],
        [null, 0],
      ],
    );
    assert.equal(widened.warnings[0]?.message, "Column 'a' was integer and becomes text. Line 2: '007'.");
    assert.equal(
      decide({ a: ['7.5'], b: ['2024-01-01'] }, { table, options: { widen: 'text' } }).columns[0]?.becomes,
      'number',
    );
    // That a value can be read in two ways is no reason to make it text.
    assert.equal(
      decide({ a: ['1.250'], b: ['02/03/2024'] }, { table, options: { widen: 'text' } }).questions.length,
      2,
    );
    const columns = { a: { type: 'integer', pattern: null, timeZone: null } } as const;
    const [declared] = decide(texts, { table, options: { widen: 'text', columns } }).columns;
    assert.deepEqual([declared?.becomes, declared?.rejected], [null, 1]);
  });
});

describe('declared columns', () => {
  it('have their type, in a new table, too', () => {
    const columns = {
      code: { type: 'text', pattern: null, timeZone: null },
      day: { type: 'date', pattern: null, timeZone: null },
      at: { type: null, pattern: 'epoch_ms', timeZone: null },
      born: { type: null, pattern: '%d%m%y', timeZone: null },
      n: { type: 'number', pattern: null, timeZone: null },
    } as const;
    const decision = decide(
      {
        Code: ['1', '2'],
        day: ['20240102', '20240103'],
        at: ['1709283600000', 'x'],
        born: ['311299', '010203'],
        n: ['1e5', '7'],
      },
      { options: { columns } },
    );
    assert.deepEqual(
      decision.columns.map(({ format, rejected }) => [format, rejected]),
      [
        [{ type: 'text' }, 0],
        [DATE, 0],
        [{ ...UTC, pattern: 'epoch_ms' }, 1],
        [{ type: 'date', order: null, pattern: '%d%m%y' }, 0],
        [NUMBER, 0],
      ],
    );
    assert.deepEqual(warningCodes(decision), ['two_digit_years', 'scientific_notation']);
  });

  it('contradict a column of another type', () => {
    const options = { columns: { a: { type: 'date', pattern: null, timeZone: null } } } as const;
    const { conflicts } = decide({ a: ['1'] }, { table: [tableColumn('a', 'integer')], options });
    assert.deepEqual(conflicts, [{ column: 'a', declared: 'date', type: 'integer' }]);
  });
});

describe('times without an offset', () => {
  it('are UTC, and the receipt says so', () => {
    const decision = decide({ t: ['2024-06-01 00:30:00', '2024-06-01 12:00:00'] });
    assert.deepEqual(decision.columns[0]?.format, UTC);
    assert.deepEqual(
      decision.warnings.map(({ isNote, message }) => [isNote, message]),
      [[true, "Column 't' has times without an offset, read as UTC. The option time_zone reads them as local times."]],
    );
    assert.equal(decision.columns[0]?.settled.timeZone, null);
  });

  it('are local times of the declared zone, of the column before that of the file, and from then on', () => {
    const texts = { t: ['2024-06-01 00:30:00'] };
    const berlin = { ...UTC, timeZone: 'Europe/Berlin' };
    const first = decide(texts, { options: { timeZone: 'Europe/Berlin' } });
    assert.deepEqual(first.columns[0]?.format, berlin);
    assert.equal(first.columns[0]?.settled.timeZone, 'Europe/Berlin');
    const table = [tableColumn('t', 'timestamp', { timeZone: 'Europe/Berlin' })];
    assert.deepEqual(decide(texts, { table }).columns[0]?.format, berlin);
    const columns = { t: { type: null, pattern: null, timeZone: 'Asia/Tokyo' } };
    assert.deepEqual(decide(texts, { options: { timeZone: 'Europe/Berlin', columns } }).columns[0]?.format, {
      ...UTC,
      timeZone: 'Asia/Tokyo',
    });
    // Nothing is settled for values that have an offset.
    assert.equal(
      decide({ t: ['2024-06-01 00:30Z'] }, { options: { timeZone: 'Europe/Berlin' } }).columns[0]?.settled.timeZone,
      null,
    );
  });

  it('are warned about where others have one', () => {
    const decision = decide({ t: ['2024-06-01T00:30Z', '2024-06-01 00:30:00', '2024-06-02'] });
    assert.deepEqual(warningCodes(decision), ['no_offset', 'no_time_of_day']);
    assert.match(
      decision.warnings[0]?.message ?? '',
      /^Column 't' has 1 of 2 times without an offset, read as UTC\. Line 3: /,
    );
  });
});

describe('the receipt', () => {
  it('says what was not kept, and what could have been meant', () => {
    const decision = decide({
      t: ['2026-04-05T02:30:00+11:00', '2026-04-05T02:30:00.412803775Z'],
      x: ['0.12345678901234567890', '1.5'],
      d: ['20240102', '20240103'],
      y: ['1/13/70', '1/14/69'],
    });
    assert.deepEqual(
      decision.warnings.map(({ message }) => message),
      [
        "Column 't' has 1 value with digits past the microsecond, which are not stored. Line 3: '2026-04-05T02:30:00.412803775Z'.",
        "Column 'x' has 1 value with more digits than a 64-bit floating-point number keeps. '0.12345678901234567890' in line 2 is stored as 0.12345678901234568.",
        "Column 'd' is read as whole numbers, but all of them could be dates: '20240102' in line 2 could be 2 January 2024. To read them as dates, declare the column as date.",
        "Column 'y' has 2 values with a year of two digits, read as 1970 to 2069. '1/13/70' in line 2 is 13 January 1970.",
      ],
    );
  });

  it('names days and times of day in two columns', () => {
    const decision = decide({
      Date: ['2003-05-17', '2003-05-17'],
      Time: ['08:15:00 AM', '01:15:00 PM'],
      Depth: ['7', '9'],
    });
    assert.deepEqual(warningCodes(decision), ['separate_time_of_day']);
    assert.match(decision.warnings[0]?.message ?? '', /days only: the times of day in column/);
  });

  it('says nothing of values without doubt', () => {
    const decision = decide({
      t: ['2024-01-02T03:04:05Z'],
      n: ['1'],
      x: ['1.5'],
      b: ['true'],
      s: ['x'],
      d: ['2024-01-02'],
    });
    assert.deepEqual(decision.warnings, []);
  });
});
