import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, formOf, put, type Reply, type RunningThena, startThena, WAIT } from '../server.ts';
import { until } from '../until.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

let customers = 0;

/** Uploads a file to a customer of its own. @returns the upload, and the names and rows of the table */
async function load(file: string | Buffer, query = '', customer = `c${++customers}`) {
  const { body } = await put(thena.url, customer, file, WAIT, query);
  const table = body.status === 'complete' ? await tableOf(customer) : null;
  return { upload: body, ...table };
}

async function tableOf(customer: string): Promise<{ readonly names: string[]; readonly rows: unknown[][] }> {
  const { body } = await call(`${thena.url}/api/v1/customers/${customer}/table/rows`);
  return { names: body.columns.map(({ name }: { name: string }) => name), rows: body.rows };
}

function isRefused(body: Reply['body'], code: string, detail: RegExp): void {
  assert.equal(body.code ?? body.error?.code, code, JSON.stringify(body));
  assert.match(body.detail ?? body.error?.detail, detail);
}

const TABLE = {
  names: ['day', 'n'],
  rows: [
    ['2024-01-01', 1],
    ['2024-01-02', 2],
  ],
};

async function loads(file: string | Buffer, query = '', expected = TABLE): Promise<Reply['body']> {
  const { upload, names, rows } = await load(file, query);
  assert.deepEqual({ names, rows }, expected, JSON.stringify(upload.error ?? upload));
  return upload;
}

describe('lines above the table', () => {
  it('may be the sep line of Excel, with or without quotes', async () => {
    for (const first of ['sep=;', '"sep=;"', 'SEP=;', "'sep=;'"]) {
      for (const end of ['\n', '\r\n']) {
        const { receipt } = await loads([first, 'day;n', '2024-01-01;1', '2024-01-02;2', ''].join(end));
        assert.deepEqual([receipt.delimiter, receipt.skipped_lines], [';', 1]);
      }
    }
    await loads('\ufeffsep=\t\nday\tn\n2024-01-01\t1\n2024-01-02\t2\n');
    await loads('sep=^\nday^n\n2024-01-01^1\n2024-01-02^2\n');
  });

  it('count as lines of the file', async () => {
    const { upload } = await load('sep=;\nday;n\n2024-01-01;1\n2024-01-02;2;3\n');
    assert.deepEqual([upload.error.rejects[0].line, upload.error.rejects[0].byte_offset], [4, 25]);
    const { upload: skipped } = await load('Report\n"of\nday,n\n2024-01-01,1\n2,2,2\n', '?skip_lines=2');
    assert.deepEqual([skipped.error.rejects[0].line, skipped.error.rejects[0].byte_offset], [5, 30]);
  });

  it('are skipped by request, with a header and without', async () => {
    const { receipt } = await loads('Report "of\r\n\r\nday,n\r\n2024-01-01,1\r\n2024-01-02,2\r\n', '?skip_lines=2');
    assert.equal(receipt.skipped_lines, 2);
    const rows = { names: ['column_1', 'column_2'], rows: TABLE.rows };
    await loads('Report\n2024-01-01,1\n2024-01-02,2\n', '?skip_lines=1&header=false', rows);
    const { upload } = await load('a\n1\n', '?skip_lines=2');
    isRefused(upload, 'file_empty', /no text below line 2/);
  });

  it('are found if they are a title, and the option that skips them is named', async () => {
    const table = 'day,n\n2024-01-01,1\n2024-01-02,2\n';
    for (const [title, lines] of [
      ['Report 2024\n', 1],
      ['Report 2024\n\n', 2],
      ['"Report, 2024"\nby Ann\n\n', 3],
      ['\nReport\n', 2],
    ] as const) {
      const { upload } = await load(title + table);
      isRefused(
        upload,
        'title_above_header',
        new RegExp(`begin on line ${lines + 1} \\('day, n'\\).*skip_lines=${lines}`),
      );
      assert.equal(upload.skip_lines, lines);
      await loads(title + table, `?skip_lines=${upload.skip_lines}`);
    }
    const wide = 'Report, 2024\n\na;b;c\n1;2;3\n4;5;6\n';
    isRefused((await load(wide)).upload, 'title_above_header', /line 3/);
    isRefused((await load(wide, '?delimiter=%3B')).upload, 'title_above_header', /line 3/);
  });

  it('are no title if the file has one column', async () => {
    const text = 'tags\na;b\nc;d\n';
    isRefused((await load(text)).upload, 'title_above_header', /skip_lines=1/);
    await loads(text, '?delimiter=comma', { names: ['tags'], rows: [['a;b'], ['c;d']] });
    await loads('note\nfine\na;b\n', '', { names: ['note'], rows: [['fine'], ['a;b']] });
  });
});

describe('the options of a file', () => {
  it('are given in a form or in the metadata of a resumable upload, too', async () => {
    const text = 'Report\nday,n\n#c\n2024-01-01,1\n2024-01-02,2\n';
    const fields = [
      ['skip_lines', '1'],
      ['comment', '#'],
      ['customer_id', 'form'],
    ] as const;
    const body = formOf(...fields, ['file', Buffer.from(text)]);
    const { body: sent } = await call(`${thena.url}/api/v1/event/`, { method: 'POST', body, headers: WAIT });
    assert.deepEqual([sent.options.skip_lines, sent.options.comment], [1, '#']);
    assert.deepEqual(await tableOf('form'), TABLE);

    const metadata = { customer_id: 'tus', skip_lines: '1', comment: '#' };
    const pairs = Object.entries(metadata).map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`);
    const headers = { 'tus-resumable': '1.0.0', 'upload-length': `${text.length}`, 'upload-metadata': pairs.join(',') };
    const { body: created, status } = await call(`${thena.url}/api/v1/tus`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/offset+octet-stream' },
      body: text,
    });
    assert.equal(status, 201, JSON.stringify(created));
    await until(async () => (await call(`${thena.url}/api/v1/customers/tus/table`)).status === 200);
    assert.deepEqual(await tableOf('tus'), TABLE);
  });
});

describe('comments', () => {
  it('are ignored above the header and among the rows, and count as lines', async () => {
    const text = '# "exported\n#day,n\n\nday,n\n# one\n2024-01-01,1\r\n#, two\r\n2024-01-02,2\n#end';
    const { receipt } = await loads(text, '?comment=%23');
    assert.deepEqual([receipt.comment, receipt.rows_in_file], ['#', 2]);
    const { upload } = await load(`${text}\n3,4,5\n`, '?comment=%23');
    assert.equal(upload.error.rejects[0].line, 10);
  });

  it('begin at the start of a line only, outside of quotes', async () => {
    const names = ['a', 'b'];
    await loads('a,b\n"x\n#y",1\n #z,#2\n', '?comment=%23', {
      names,
      rows: [
        ['x\n#y', '1'],
        [' #z', '#2'],
      ],
    });
  });

  it('are refused among the rows of a file with one column, where a blank line is a row', async () => {
    await loads('#c\nn\n1\n2\n', '?comment=%23', { names: ['n'], rows: [[1], [2]] });
    isRefused((await load('n\n1\n#c\n2\n', '?comment=%23')).upload, 'upload_option_invalid', /Line 3 is a comment/);
  });
});

describe('escape characters', () => {
  it('make quotes, delimiters, line ends and themselves part of the text', async () => {
    const text = 'a,b\n"say \\"x, y\\"","C:\\new \\\\ ""z"""\nu\\,v,"w\\\nx"\n\\"q,r\n';
    const { receipt } = await loads(text, '?escape=%5C', {
      names: ['a', 'b'],
      rows: [
        ['say "x, y"', 'C:\\new \\ "z"'],
        ['u,v', 'w\nx'],
        ['"q', 'r'],
      ],
    });
    assert.equal(receipt.escape, '\\');
  });

  it('are found if the file cannot be read without them, and the option is named', async () => {
    for (const [text, code] of [
      ['ts,doc\n1,"{\\"a\\":1, \\"b\\":\\"x\\"}"\n2,"{\\"a\\":2, \\"b\\":\\"y\\"}"\n', 'text_after_quote'],
      ['ts,doc\n1,"quotes \\""\n2,b\n', 'quote_not_closed'],
    ] as const) {
      const { upload } = await load(text);
      isRefused(upload, code, /set escape=\\/);
      assert.match(upload.hint, /escape=\\/);
      assert.equal((await load(text, '?escape=backslash')).rows?.length, 2);
    }
  });

  it('cannot be another option, and need quotes', async () => {
    for (const query of [
      'escape=%22&quote=%22',
      'escape=%2C&delimiter=,',
      'comment=%22',
      'escape=%5C&quote=none',
      'escape=ab',
    ]) {
      isRefused((await load('a,b\n1,2\n', `?${query}`)).upload, 'upload_option_invalid', /escape|comment/);
    }
  });
});

describe('a delimiter at the end of rows', () => {
  it('adds no column if every line has it, the header included', async () => {
    const expected = {
      names: ['x', 'y'],
      rows: [
        [7, 8],
        [4, 5],
      ],
    };
    for (const end of ['\n', '\r\n', '\r']) {
      const { receipt } = await loads(['x,y,', '7,8,', '4,5,', ''].join(end), '', expected);
      assert.equal(receipt.empty_field_dropped, true);
    }
    const { upload } = await load('x,y,\n7,8,\n4,5,6\n', '?surplus=drop_empty&on_error=skip');
    assert.deepEqual([upload.receipt.appended, upload.receipt.rejected], [1, 1]);
  });

  it('is a question if only the header lacks it', async () => {
    const expected = {
      names: ['x', 'y'],
      rows: [
        [7, 8],
        [4, 5],
      ],
    };
    const text = 'x,y\n7,8,\n4,5,\n';
    isRefused((await load(text)).upload, 'header_too_short', /2 names.*3 fields.*surplus=drop_empty.*missing name/);
    await loads(text, '?surplus=drop_empty', expected);
    isRefused((await load('x,y\n7,8,\n4,5,6\n')).upload, 'header_too_short', /line 3, the last field is '6'/);
    const { upload } = await load('x,y\n7,8,\n4,5,6\n', '?surplus=drop_empty');
    isRefused(upload, 'rows_rejected', /1 of 2 rows/);
  });

  it('makes a single row one that does not fit', async () => {
    const { upload } = await load('id,name,qty\n1,coffee,3\n2,green,tea,\n');
    assert.deepEqual([upload.error.rejects[0].line, upload.error.rejects[0].code], [3, 'wrong_field_count']);
  });
});

describe('bytes that surprise', () => {
  it('are a long quoted field: the limit is named, not an unclosed quote', async () => {
    const text = `day,text\n2024-01-01,"${'line\n'.repeat(440_000)}"\n2024-01-02,x\n`;
    isRefused((await load(text)).upload, 'record_too_long', /line 2 is longer than 2000000 bytes/);
  });

  it('are NUL bytes: named with line and field, and stripped by request', async () => {
    const text = 'day,n\n2024-01-01,1\n2024-01-02,\x002\n';
    isRefused((await load(text)).upload, 'nul_byte', /Line 3 .*field 2/);
    const { receipt } = await loads(text, '?strip_nul=true');
    assert.match(receipt.warnings.join(), /1 NUL byte was removed/);
    isRefused((await load('day,\0n\n2024-01-01,1\n')).upload, 'nul_byte', /Line 1 .*field 2/);
  });

  it('are quotes inside an unquoted field: a warning names the first line', async () => {
    const text = 'a,b,c\n1,2,3\nx,5" pipe,y\n4,say "x, y"\n';
    const { upload, rows } = await load(text);
    assert.match(upload.receipt.warnings.join(), /Line 3 has a quote inside an unquoted field/);
    assert.deepEqual(rows?.slice(1), [
      ['x', '5" pipe', 'y'],
      ['4', 'say "x', ' y"'],
    ]);
  });

  it('may be another delimiter or quote: warnings name the option', async () => {
    for (const [text, option] of [
      ['a^b\n1^2\n', 'delimiter=^'],
      ["a,b\n1,'x'\n", "quote='"],
    ] as const) {
      const { upload } = await load(text);
      assert.ok(upload.receipt.warnings.join().includes(`set ${option}.`), upload.receipt.warnings.join());
      const [name = '', value = ''] = option.split('=');
      const { rows } = await load(text, `?${new URLSearchParams({ [name]: value })}`);
      assert.equal(rows?.[0]?.length, 2);
    }
  });

  it('are spaces: none before a quote belongs to the field, others do in text', async () => {
    await loads('a, b ,c\n x , "y" ,1\n"x ",  z, 2\n', '', {
      names: ['a', 'b', 'c'],
      rows: [
        [' x ', 'y', 1],
        ['x ', '  z', 2],
      ],
    });
  });

  it('are UTF-16 without a byte order mark', async () => {
    const text = 'when\tname\tn\r\n2024-01-01 10:00:00\tZoë\t1\r\n2024-01-02 10:00:00\tДмитрий, Łukasz\t2\r\n';
    for (const each of [text, text.replaceAll(', ', ' ').replaceAll('\t', ',')]) {
      const bytes = Buffer.from(each, 'utf16le');
      for (const file of [bytes, Buffer.from(bytes).swap16()]) {
        const { rows } = await load(file);
        assert.deepEqual(rows?.[0], ['2024-01-01T10:00:00Z', 'Zoë', 1]);
        assert.equal(rows?.length, 2);
      }
    }
  });

  it('are two columns of one name, both of which are named', async () => {
    const { upload } = await load('Tag;Konto;Waehrung;Wert;Waehrung\n2022-02-03;10;SEK;5;SEK\n');
    isRefused(upload, 'duplicate_column', /Columns 3 and 5.*'Waehrung'/);
  });
});

describe('a file with more than one table', () => {
  it('is not stored in silence, nor are footers and headers of several lines', async () => {
    for (const text of [
      'a,b\n1,2\n\nc,d,e\n3,4,5\n6,7,8\n',
      'a,b,c\n1,2,3\n\nd,e\n4,5\n',
      'a,b,c\n1,2,3\n4,5,6\nTotal\n',
      'a,b,c\n1,2,3\n4,5,6\n"2 rows"\n',
      'a,b\n"first\nline",c\n'.replace('a,b', '"a\nx",b'),
    ]) {
      const { upload } = await load(text);
      const code = upload.code ?? upload.error?.code;
      assert.match(
        code,
        /^(title_above_header|rows_rejected|column_name_invalid)$/,
        `${text}: ${JSON.stringify(upload)}`,
      );
    }
    const { rows } = await load('a,b,c\n1,2,3\n4,5,6\nTotal\n', '?on_error=skip');
    assert.deepEqual(rows, [
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });
});

describe('a retry', () => {
  it('reads the kept text of a rewritten file as it was read', async () => {
    const text = 'Report\n#c\n\nday,n,\0t,\n2024-01-01,1,"\\"a\\"",\n#,\n2024-01-02,2,"b\\\\"\n3\n';
    const query = '?skip_lines=1&comment=%23&escape=%5C&surplus=drop_empty&strip_nul=true';
    const { upload } = await load(text, query, 'retried');
    isRefused(upload, 'rows_rejected', /1 of 3/);
    assert.equal(upload.error.rejects[0].line, 8);
    const retry = (changes: string): Promise<Reply> =>
      call(`${thena.url}/api/v1/uploads/${upload.id}/retry${changes}`, { method: 'POST', headers: WAIT });
    for (const changes of ['?delimiter=tab', '?escape=none', '?skip_lines=0']) {
      isRefused((await retry(changes)).body, 'upload_option_invalid', /Send the file again/);
    }
    const { body } = await retry(`${query}&on_error=skip`);
    assert.equal(body.status, 'complete', JSON.stringify(body));
    const { appended, rejected, comment, escape: escaped, skipped_lines } = body.receipt;
    assert.deepEqual([appended, rejected, comment, escaped, skipped_lines], [2, 1, '#', '\\', 2]);
    assert.match(body.receipt.warnings.join(), /1 NUL byte was removed/);
    const { names, rows } = await tableOf('retried');
    assert.deepEqual(names, ['day', 'n', 't']);
    assert.deepEqual(rows, [
      ['2024-01-01', 1, '"a"'],
      ['2024-01-02', 2, 'b\\'],
    ]);
    const rejects = await call(`${thena.url}/api/v1/uploads/${body.id}/rejects`);
    assert.equal(rejects.body.rejects?.[0]?.line ?? rejects.body.items?.[0]?.line, 8, JSON.stringify(rejects.body));
  });

  it('can set an option that the file was sent without', async () => {
    const rows = Array.from({ length: 30_000 }, (_, index) => `${index},"plain text"\n`).join('');
    const text = `n,t\n${rows}30000,"with \\"quotes\\""\n`;
    const { upload } = await load(text, '', 'escaped-late');
    isRefused(upload, 'rows_rejected', /1 of 30001/);
    assert.match(upload.error.rejects[0].message, /set escape=\\/);
    const url = `${thena.url}/api/v1/uploads/${upload.id}/retry?escape=backslash`;
    const { body } = await call(url, { method: 'POST', headers: WAIT });
    assert.equal(body.receipt?.appended, 30_001, JSON.stringify(body));
  });
});
