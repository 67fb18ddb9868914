/**
 * Loaded into a Thena that is to be killed (`node --import`): ends it, its engine or both at a step that a file names, which is
 * looked for at every step, so that it can be named while Thena runs. Writes down the steps that were reached.
 */
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { childOf } from '../../harness/process-memory.ts';
import { FAILPOINTS_CHANNEL } from '../../src/failpoints.ts';
import type { Order } from './failpoints-at-work.ts';

const { ORDER_FILE, REACHED_FILE } = process.env;
let left = 0;
let of = '';

subscribe(FAILPOINTS_CHANNEL, (step) => {
  if (REACHED_FILE) appendFileSync(REACHED_FILE, `${step}\n`);
  const order = readOrder();
  if (!order || order.step !== step) return;
  if (of !== order.id) left = order.nth;
  of = order.id;
  if (--left > 0) return;
  rmSync(ORDER_FILE as string, { force: true });
  // The engine first: main may live on to see it die.
  if (order.victim !== 'main') end(childOf(process.pid));
  if (order.victim !== 'engine') end(process.pid);
});

function readOrder(): Order | null {
  try {
    return JSON.parse(readFileSync(ORDER_FILE as string, 'utf8'));
  } catch {
    return null;
  }
}

function end(pid: number | null): void {
  try {
    if (pid !== null) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
