import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { detectEncoding, refuseIfNotText } from '../../src/csv/detect-encoding.ts';
import { decoderFor } from '../../src/csv/utf8.ts';
import { Problem } from '../../src/errors.ts';

function decode(bytes: Buffer, encoding: string, size = bytes.length || 1): string {
  const decoder = decoderFor(encoding);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(decoder.push(bytes.subarray(at, at + size)));
  return Buffer.concat([...out, decoder.end()]).toString();
}

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

describe('the conversion to UTF-8', () => {
  it('has the same result for every division into chunks', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((each) => !each.startsWith('\ufeff'));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 5 }), (each, size) => {
        assert.equal(decode(Buffer.from(each), 'utf-8', size), each);
        assert.equal(decode(Buffer.from(each, 'utf16le'), 'utf-16le', size), each);
        assert.equal(decode(utf16be(each), 'utf-16be', size), each);
      }),
    );
    assert.equal(decode(Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x80]), 'windows-1252', 2), 'café€');
  });

  it('removes a byte order mark at the start, and no other', () => {
    assert.equal(decode(Buffer.from('\ufeffa\ufeffb'), 'utf-8', 1), 'a\ufeffb');
    assert.equal(decode(Buffer.from('\ufeffa', 'utf16le'), 'utf-16le', 1), 'a');
  });

  it('refuses bytes that are invalid in the encoding, with their offset', () => {
    const bytes = Buffer.concat([Buffer.from('a,b\n1,é'), Buffer.from([0xff]), Buffer.from('\n')]);
    for (const size of [1, 3, 100]) {
      assert.throws(
        () => decode(bytes, 'utf-8', size),
        (error) => error instanceof Problem && error.code === 'invalid_encoding' && error.extra.byte_offset === 8,
      );
    }
    assert.throws(() => decode(Buffer.from([0x61, 0xc3]), 'utf-8'), Problem);
  });

  it('refuses an unknown encoding', () => {
    assert.throws(
      () => decoderFor('klingon'),
      (error) => error instanceof Problem && error.code === 'upload_option_invalid',
    );
  });
});

describe('the encoding of a file', () => {
  const text = 'name,amount\nJosé,1\n';
  for (const [name, bytes, encoding] of [
    ['UTF-8', Buffer.from(text), 'utf-8'],
    ['UTF-8 that ends within a character', Buffer.from('caf€').subarray(0, 5), 'utf-8'],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${text}`), 'utf-8'],
    ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${text}`, 'utf16le'), 'utf-16le'],
    ['UTF-16 without a byte order mark', Buffer.from(text, 'utf16le'), 'utf-16le'],
    ['big-endian UTF-16 with a byte order mark', utf16be(`\ufeff${text}`), 'utf-16be'],
    ['big-endian UTF-16 without a byte order mark', utf16be(text), 'utf-16be'],
    ['Latin-1', Buffer.from(text, 'latin1'), 'windows-1252'],
  ] as const) {
    it(`is detected for ${name}`, () => {
      assert.equal(detectEncoding(bytes), encoding);
      refuseIfNotText(bytes, encoding);
    });
  }

  for (const [what, bytes] of [
    ['PNG', Buffer.from('89504e470d0a1a0a', 'hex')],
    ['PDF', Buffer.from('%PDF-1.7')],
    ['Excel', Buffer.from('504b030414000600', 'hex')],
    ['Parquet', Buffer.from('PAR1\x15\x04\x15\x10')],
    ['bzip2', Buffer.from('BZh91AY&SY')],
    ['SQLite', Buffer.from('SQLite format 3\0')],
    ['gzip', Buffer.from('1f8b0800', 'hex')],
    ['HTML', Buffer.from('\n<!DOCTYPE html><table>')],
    ['JSON', Buffer.from('[{"a": 1}]')],
    ['JSON', Buffer.from('{"a": 1}\n{"a": 2}\n')],
    ['JSON', Buffer.from('["a", "b"]\n[1, 2]\n')],
    ['control characters', Buffer.from('\x01\x02abc\x03\x04,\x05')],
    ['NUL bytes', Buffer.from('a,b\n1,\0\0\0\0\0\0\n')],
  ] as const) {
    it(`is refused for a file that is not text, with the reason: ${what}`, () => {
      assert.throws(
        () => refuseIfNotText(bytes, detectEncoding(bytes)),
        (error) => error instanceof Problem && error.code === 'not_csv' && error.detail.includes(what),
      );
    });
  }

  it('is not mistaken for JSON if CSV begins with a bracket', () => {
    refuseIfNotText(Buffer.from('[id],[name]\n1,x\n'), 'utf-8');
    refuseIfNotText(Buffer.from('{id},{name}\n1,x\n'), 'utf-8');
  });

  it('is not mistaken for binary if a column has the name of a format', () => {
    refuseIfNotText(Buffer.from('PAR1,PAR2\n3,4\n'), 'utf-8');
    refuseIfNotText(Buffer.from('BZh,x\n3,4\n'), 'utf-8');
  });

  it('is Latin-1 also if the only accented letter is near the end', () => {
    for (const end of ['é', 'é\n', 'éa\n']) {
      assert.equal(detectEncoding(Buffer.from(`name\nJos${end}`, 'latin1'), true), 'windows-1252');
    }
    assert.equal(detectEncoding(Buffer.from('name\nJosé\n', 'latin1')), 'windows-1252');
  });
});
