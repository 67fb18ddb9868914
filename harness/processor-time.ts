/** What Linux knows of the processor time of running processes. Other systems have no /proc. */
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** Of the process, and of its children that have ended. */
  readonly seconds: number;
}

/** Processor seconds of a process that is running with all of its descendants, by the child of this process that they belong to. */
export interface FamilyTime {
  readonly pid: number;
  /** The command line of the child. */
  readonly command: string;
  readonly seconds: number;
}

/** @returns the children of this process. Empty without /proc */
export function familyTimes(): readonly FamilyTime[] {
  const all = processes();
  const sum = (of: ProcessTimes): number =>
    all.filter(({ parent }) => parent === of.pid).reduce((total, child) => total + sum(child), of.seconds);
  const children = all.filter(({ parent }) => parent === process.pid);
  return children.map((child) => ({ pid: child.pid, command: child.command, seconds: sum(child) }));
}

function processes(): readonly ProcessTimes[] {
  const pids = readdirSync('/proc', { withFileTypes: true }).flatMap(({ name }) => (/^\d+$/.test(name) ? [name] : []));
  return pids.flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The name, in parentheses, may contain spaces.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0);
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ pid: Number(pid), parent: Number(fields[1]), command, seconds: ticks / TICKS_PER_SECOND }];
    } catch {
      // It has ended in the meantime.
      return [];
    }
  });
}
