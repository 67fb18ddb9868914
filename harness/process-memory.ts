/** What Linux knows of running processes. Other systems have no /proc. */
import { readFileSync } from 'node:fs';

/** @returns the first child of a process, such as Thena's engine; null if it has none */
export function childOf(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || null;
  } catch {
    return null;
  }
}

/** @returns peak resident memory of a process in bytes; null if unknown */
export function peakBytes(pid: number): number | null {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}
