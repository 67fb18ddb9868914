import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { orderKill, wasCarriedOut, withdrawOrder } from '../../crash/kill-order.ts';
import { csvOf } from '../../crash/senders.ts';
import { assertTotalRows, endedUploads, whole } from '../../crash/settled.ts';
import { put, totalRows, upload } from '../../server.ts';
import { until } from '../../until.ts';
import { ClusterContents } from './cluster-contents.ts';
import type { ClusterFailpoint } from './cluster-failpoints.ts';
import type { CrashCluster } from './crash-cluster.ts';

const ROWS = 100_000;
const MAX_FILES = 10;
const TAKEN_OVER_MS = 90_000;
/** How long a node that continues has for late writes. */
const LATE_MS = 1_000;

/** Has node A pause at a failpoint until the other one has loaded its upload, and continue then. */
export async function pauseNodeAt(crash: CrashCluster, failpoint: ClusterFailpoint): Promise<void> {
  const [a, b] = crash.nodes;
  const customer = `paused-at-${failpoint.replaceAll('_', '-')}`;
  const [urlOfA, urlOfB] = [a.url ?? '', b.url ?? ''];
  await upload(urlOfA, customer, csvOf(0, 1));
  orderKill(a.orderFile, { failpoint, nth: 1, victim: 'main', signal: 'SIGSTOP' });
  // The other node may take some of the files from the queue.
  let files = 1;
  const keyed = (number: number) => ({ 'idempotency-key': `${customer}-${number}` });
  while (!wasCarriedOut(a.orderFile) && files < MAX_FILES) {
    const number = files++;
    const sending = put(urlOfA, customer, csvOf(number, ROWS), keyed(number)).catch(() => null);
    await until(async () => wasCarriedOut(a.orderFile) || (await totalRows(urlOfB, customer)) === number * ROWS + 1);
    if (!wasCarriedOut(a.orderFile)) assert.equal((await sending)?.status, 202);
  }
  assert.ok(wasCarriedOut(a.orderFile), `${failpoint} was not reached`);
  withdrawOrder(a.orderFile);
  const last = files - 1;
  // A client that got no answer repeats its request at the other node: the same upload.
  const again = await put(urlOfB, customer, csvOf(last, ROWS), keyed(last));
  assert.equal(again.status, 202, JSON.stringify(again.body));
  const seen: (number | string)[] = [];
  const isWhole = async (): Promise<boolean> => {
    seen.push(await totalRows(urlOfB, customer));
    return seen.at(-1) === last * ROWS + 1;
  };
  await until(isWhole, TAKEN_OVER_MS);
  a.resume();
  await until(() => !a.isAlive);
  assert.equal(a.exitCode, 1, 'the node did not stop when others had taken over');
  await delay(LATE_MS);
  for (const { id, status, error } of await endedUploads(urlOfB, customer))
    assert.equal(status, 'complete', `${id}: ${JSON.stringify(error)}`);
  const stored = await new ClusterContents(crash.cluster.environment).storedFiles(customer);
  const expected = Array.from({ length: files }, (_, number) => [number, whole(number === 0 ? 1 : ROWS)]);
  assert.deepEqual(stored, new Map(expected as [number, ReturnType<typeof whole>][]));
  for (const url of [urlOfB, await a.start()]) await assertTotalRows(url, customer, last * ROWS + 1);
  assert.deepEqual(new Set(seen), new Set([seen[0], last * ROWS + 1]));
}
