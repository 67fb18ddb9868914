import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../src/events.ts';
import { createLog, type LogOptions } from '../src/log.ts';
import { newUploadId } from '../src/model/ids.ts';
import { customerId as customerIdOf } from './builders.ts';

const uploadId = newUploadId();
const customerId = customerIdOf(1000);

function lines(observations: readonly Observation[], options: Partial<LogOptions> = {}): string[] {
  const written: string[] = [];
  const log = createLog({
    level: 'info',
    readable: false,
    output: { write: (line) => written.push(line) },
    ...options,
  });
  for (const observation of observations) log(observation);
  return written;
}

const completed: Observation = { kind: 'upload_completed', uploadId, customerId, rows: 10320, ms: 84.6 };

test('logs each observation as one line of JSON, with a message and its fields', () => {
  const [line, ...rest] = lines([completed]);
  assert.equal(rest.length, 0);
  const { time, ...logged } = JSON.parse(line ?? '');
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  assert.deepEqual(logged, {
    level: 30,
    kind: 'upload_completed',
    uploadId,
    customerId: '1000',
    rows: 10320,
    ms: 84.6,
    msg: `Upload ${uploadId} of customer 1000 complete: 10320 rows in 85 ms`,
  });
});

test('logs a time and a sentence at a terminal', () => {
  const failure = new Error('not ready');
  const [calm, bad] = lines([completed, { kind: 'background_failed', task: 'sweep', error: failure }], {
    readable: true,
  });
  assert.match(calm ?? '', /^\d\d:\d\d:\d\d Upload .{36} of customer 1000 complete: 10320 rows in 85 ms\n$/);
  assert.match(
    bad ?? '',
    /^\d\d:\d\d:\d\d error: Background task failed: sweep: Error: not ready\n {4}at .*log\.test\.ts/,
  );
});

test('never logs the content of a file', () => {
  const row = '4711,Jane Roe,jane@example.org';
  const error = new Error(`Could not convert string "Jane Roe" to 'INT32'\nOriginal line: ${row}`, {
    cause: new Error(`cannot cast 'jane@example.org'`),
  });
  const observations: readonly Observation[] = [
    { kind: 'upload_failed', uploadId, customerId, code: 'rows_rejected', detail: `Line 2 is ${row}` },
    { kind: 'attempt_failed', uploadId, attempt: 1, error },
  ];
  for (const readable of [true, false]) {
    const text = lines(observations, { readable }).join('');
    assert.match(text, /rows_rejected/);
    assert.match(text, /Could not convert string … to …/);
    assert.doesNotMatch(text, /Jane|jane|4711|Original line/);
  }
});

test('never logs a part of a quoted value, whatever quotation marks and line feeds it contains', () => {
  const logged = (message: string): string => {
    const [line = ''] = lines([{ kind: 'background_failed', task: 'sweep', error: new Error(message) }]);
    return JSON.parse(line).error.message;
  };
  for (const mark of [`'`, '"', '`']) {
    for (const value of [
      `it${mark}s Jane`,
      `Jane${mark} or ${mark}Jane`,
      `x\nJane`,
      `x${mark} Jane\n${mark}`,
      `x\\${mark}Jane`,
    ]) {
      assert.match(logged(`value ${mark}${value}${mark} of n`), /^value … of n$/);
    }
    assert.equal(logged(`value ${mark}Jane`), 'value …', 'it was cut off');
  }
  assert.equal(logged("the server can't be reached"), "the server can't be reached");
});

test('names the file of a failed system call', () => {
  const error = Object.assign(new Error("ENOSPC: no space left on device, write '/data/spool/1'"), {
    syscall: 'write',
  });
  assert.match(lines([{ kind: 'background_failed', task: 'sweep', error }]).join(''), /\/data\/spool\/1/);
});

test('logs health checks only if they fail or the level is debug', () => {
  const probe = (status: number): Observation => ({
    kind: 'request_answered',
    method: 'GET',
    route: '/healthz',
    status,
    ms: 1,
    requestId: 'r1',
  });
  assert.equal(lines([probe(200)]).length, 0);
  assert.equal(lines([probe(503)]).length, 1);
  assert.equal(lines([probe(200)], { level: 'debug' }).length, 1);
});
