import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodingDoubts } from '../../src/csv/encoding-doubts.ts';
import { Problem } from '../../src/errors.ts';

describe('a file that is not Unicode', () => {
  it('is reported with a word that shows how it was read', () => {
    const [warning] = encodingDoubts(Buffer.from('name,n\nplain,1\nz;M\xfcller,2\n', 'latin1'), 'windows-1252');
    assert.match(warning ?? '', /read as windows-1252: line 3 has 'Müller'/);
    assert.deepEqual(encodingDoubts(Buffer.from('name\nMüller\n'), 'utf-8'), []);
  });

  it('is refused if windows-1252 has no such character', () => {
    assert.throws(
      () => encodingDoubts(Buffer.from('name\nM\x81ller\n', 'latin1'), 'windows-1252'),
      (error) =>
        error instanceof Problem && error.code === 'invalid_encoding' && /line 2 has the byte 0x81/.test(error.message),
    );
  });
});
