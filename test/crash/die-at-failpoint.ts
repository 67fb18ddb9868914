/**
 * Preloaded into a server (`node --import`): kills it, its engine or both at the failpoint that a file orders. The file is read
 * at every failpoint, so that the order can be given while the server is running. Logs the failpoints that were reached.
 */
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { childOf } from '../../harness/process-memory.ts';
import { FAILPOINTS_CHANNEL } from '../../src/failpoints.ts';
import type { KillOrder } from './kill-order.ts';

const { ORDER_FILE, REACHED_FILE } = process.env;
/** How often the failpoint must still be reached, for the order with this id. */
let remaining = 0;
let orderId = '';

subscribe(FAILPOINTS_CHANNEL, (failpoint) => {
  if (REACHED_FILE) appendFileSync(REACHED_FILE, `${failpoint}\n`);
  const order = readOrder();
  if (!order || order.failpoint !== failpoint) return;
  if (orderId !== order.id) remaining = order.nth;
  orderId = order.id;
  if (--remaining > 0) return;
  rmSync(ORDER_FILE as string, { force: true });
  // The engine first, since this process may be killed next.
  const { signal = 'SIGKILL' } = order;
  if (order.victim !== 'main') kill(childOf(process.pid), signal);
  if (order.victim !== 'engine') kill(process.pid, signal);
});

function readOrder(): KillOrder | null {
  try {
    return JSON.parse(readFileSync(ORDER_FILE as string, 'utf8'));
  } catch {
    return null;
  }
}

function kill(pid: number | null, signal: 'SIGKILL' | 'SIGSTOP'): void {
  try {
    if (pid !== null) process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}
