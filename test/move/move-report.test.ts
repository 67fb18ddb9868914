import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MoveReport } from '../../src/move/move-report.ts';
import { customerId } from '../builders.ts';

it('reports each customer, every ten seconds how far a large one is, and how many were moved', async () => {
  const lines: string[] = [];
  let now = 0;
  const moved = new MoveReport(
    (line) => lines.push(line),
    () => now,
  );
  const { report, onProgress } = moved;
  const large = (rows: number) => onProgress({ customerId: customerId('large'), rows, totalRows: 100 });
  large(10);
  now = 10_000;
  large(40);
  now = 19_999;
  large(70);
  await report({ customerId: customerId('large'), rows: 100, withoutBytes: [] });
  now = 29_998;
  large(70);
  await report({ customerId: customerId('small'), rows: null, withoutBytes: [] });
  assert.deepEqual(lines, ['large: 40 of 100 rows', 'large: 100 rows', 'small: moved before']);
  moved.end();
  assert.match(lines.at(-1) ?? '', /^Moved 2 customers\. /);
});
