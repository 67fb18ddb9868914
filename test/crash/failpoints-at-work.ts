import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Failpoint } from '../../src/failpoints.ts';

/** Who is to be killed when a step is reached for the nth time from now. */
export interface Order {
  readonly id: string;
  readonly step: Failpoint;
  readonly nth: number;
  readonly victim: 'main' | 'engine' | 'both';
}

const PRELOADED = new URL('./die-at-failpoint.ts', import.meta.url).href;

/** The environment in which a Thena obeys {@link orderDeath}. */
export function obeying(orderFile: string, reachedFile = ''): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${PRELOADED}`, ORDER_FILE: orderFile, REACHED_FILE: reachedFile };
}

export function orderDeath(orderFile: string, order: Omit<Order, 'id'>): void {
  const id = `${process.hrtime.bigint()}`;
  // In one go: it may be read at any moment.
  writeFileSync(`${orderFile}.new`, JSON.stringify({ ...order, id }));
  renameSync(`${orderFile}.new`, orderFile);
}

/** Whether it was carried out. */
export function wasObeyed(orderFile: string): boolean {
  return !existsSync(orderFile);
}

export function takeBackOrder(orderFile: string): void {
  rmSync(orderFile, { force: true });
}
