import { readFileSync } from 'node:fs';

/** The process that a process has started, such as its engine; null where there is none now. Linux only. */
export function childOf(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || null;
  } catch {
    return null;
  }
}
