import { relative } from 'node:path';
import { tap } from 'node:test/reporters';

const COUNTS = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;
const MAX_ERROR_LINES = 20;
const INSIDE_NODE = /^ +at .*\bnode:internal\//;

/**
 * Node's TAP report, with the failed tests repeated at its end, below the coverage, so that nobody has to search thousands of lines for
 * them. The counts are the last lines.
 *
 * @param {AsyncIterable<import('node:test/reporters').TestEvent>} events
 */
export default async function* reportTests(events) {
  yield* tap(failuresAndCountsLast(events));
}

async function* failuresAndCountsLast(events) {
  const failures = [];
  const counts = [];
  for await (const event of events) {
    if (isCount(event)) counts.push(event);
    else yield event;
    if (isFailure(event)) failures.push(event.data);
  }
  for (const line of failures.flatMap(failureLines)) yield lineOf(line);
  yield* counts;
}

function isCount({ type, data }) {
  return type === 'test:diagnostic' && data.nesting === 0 && COUNTS.test(data.message);
}

/** Whether a test itself failed: not because of tests in it, and not one that is expected to. */
function isFailure({ type, data }) {
  if (type !== 'test:fail') return false;
  const isExpected = data.todo !== undefined || data.skip !== undefined;
  return !isExpected && data.details.error.failureType !== 'subtestsFailed';
}

function failureLines({ name, classname, file, line, column, details }) {
  const path = file === undefined ? '' : ` (${relative(process.cwd(), file)}:${line}:${column})`;
  const { cause, message } = details.error;
  const reason = String(cause?.stack ?? cause ?? message).split('\n');
  return [
    `failed: ${classname === undefined ? '' : `${classname} > `}${name}${path}`,
    ...reason
      .filter((text) => !INSIDE_NODE.test(text))
      .slice(0, MAX_ERROR_LINES)
      .map((text) => `  ${text}`),
  ];
}

function lineOf(message) {
  return { type: 'test:diagnostic', data: { nesting: 0, message } };
}
