import { tap } from 'node:test/reporters';

const COUNTS = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

/**
 * Node's TAP report, but with the coverage above the counts, which are the last lines of every other test run, too.
 *
 * @param {AsyncIterable<import('node:test/reporters').TestEvent>} events
 */
export default async function* reportCoverage(events) {
  yield* tap(countsLast(events));
}

async function* countsLast(events) {
  const counts = [];
  for await (const event of events) {
    const { type, data } = event;
    if (type === 'test:diagnostic' && data.nesting === 0 && COUNTS.test(data.message)) counts.push(event);
    else yield event;
  }
  yield* counts;
}
