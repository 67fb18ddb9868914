import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Failpoint } from '../../src/failpoints.ts';

/** Which process to kill, or to pause, when a failpoint is reached for the nth time from now. */
export interface KillOrder {
  readonly id: string;
  readonly failpoint: Failpoint;
  readonly nth: number;
  readonly victim: 'main' | 'engine' | 'both';
  /** SIGSTOP pauses it. Default: SIGKILL. */
  readonly signal?: 'SIGSTOP';
}

const PRELOADED = new URL('./die-at-failpoint.ts', import.meta.url).href;

/** The environment in which a server carries out {@link orderKill}. */
export function killOrderEnvironment(orderFile: string, reachedFile = ''): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${PRELOADED}`, ORDER_FILE: orderFile, REACHED_FILE: reachedFile };
}

export function orderKill(orderFile: string, order: Omit<KillOrder, 'id'>): void {
  const id = `${process.hrtime.bigint()}`;
  // Atomically, since it may be read at any moment.
  writeFileSync(`${orderFile}.new`, JSON.stringify({ ...order, id }));
  renameSync(`${orderFile}.new`, orderFile);
}

export function wasCarriedOut(orderFile: string): boolean {
  return !existsSync(orderFile);
}

export function withdrawOrder(orderFile: string): void {
  rmSync(orderFile, { force: true });
}
