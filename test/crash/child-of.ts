import { readFileSync } from 'node:fs';

/** The first child of a process, such as its engine; null if it has none at the moment. Linux only. */
export function childOf(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || null;
  } catch {
    return null;
  }
}
