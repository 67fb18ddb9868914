import { LOCALE } from '../../../design/locale.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** Distances of ticks, as long as they are equal. */
const STEPS = [1, 5, 15, 30, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];
const DAYS = [1, 2, 7, 14];
const MONTHS = [1, 3, 6, 12, 24, 60, 120, 600, 1200];

/** Ticks of an axis of time, at round times of a time zone, and how each is written. */
export interface TimeTicks {
  /** Seconds since 1970. */
  readonly at: readonly number[];
  readonly label: (at: number) => string;
}

/** @param most how many ticks there is room for */
export function timeTicks(from: number, to: number, most: number, zone: string): TimeTicks {
  const wanted = (to - from) / Math.max(1, most);
  const offset = offsets(zone);
  const step = STEPS.find((each) => each >= wanted);
  if (step !== undefined) return { at: equalTicks(from, to, step, offset), label: clockLabel(zone, step, offset) };
  const days = DAYS.find((each) => each * DAY >= wanted);
  if (days !== undefined) {
    // Counted from 1970, so that ticks stay where they are when the range changes; that was a Thursday, and weeks start on Mondays.
    const first = Math.floor((from + offset(from)) / DAY);
    const shift = days % 7 === 0 ? 3 : 0;
    const at = range(first - ((first + shift) % days), to / DAY + 2, days).map((day) => instant(day * DAY, offset));
    return { at: within(at, from, to), label: labelIn(zone, { day: 'numeric', month: 'short' }) };
  }
  const months = MONTHS.find((each) => each * 30 * DAY >= wanted) ?? 1200;
  const start = new Date((from + offset(from)) * 1000);
  const first = start.getUTCFullYear() * 12 + start.getUTCMonth();
  const last = first + Math.ceil((to - from) / (28 * DAY)) + 2;
  const at = range(first - (first % months), last, months).map((month) => instant(monthStart(month), offset));
  const style: Intl.DateTimeFormatOptions = months < 12 ? { month: 'short', year: 'numeric' } : { year: 'numeric' };
  return { at: within(at, from, to), label: labelIn(zone, style) };
}

function monthStart(month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(Math.floor(month / 12), month % 12, 1);
  return date.getTime() / 1000;
}

/** Ticks at multiples of a step by the local clock. Where clocks change, the distance is another. */
function equalTicks(from: number, to: number, step: number, offset: (at: number) => number): readonly number[] {
  const ticks: number[] = [];
  const misfit = (at: number): number => (((at + offset(at)) % step) + step) % step;
  let at = from - misfit(from);
  while (at <= to) {
    if (at >= from) ticks.push(at);
    at += step;
    const over = misfit(at);
    if (over !== 0) at += over < step / 2 ? -over : step - over;
  }
  return ticks;
}

function clockLabel(zone: string, step: number, offset: (at: number) => number): (at: number) => string {
  const seconds = step < MINUTE ? ({ second: '2-digit' } as const) : {};
  const time = labelIn(zone, { hour: '2-digit', minute: '2-digit', ...seconds });
  const day = labelIn(zone, { day: 'numeric', month: 'short' });
  let lastDay = Number.NaN;
  return (at) => {
    const localDay = Math.floor((at + offset(at)) / DAY);
    const isNew = localDay !== lastDay;
    lastDay = localDay;
    return isNew ? `${time(at)}\n${day(at)}` : time(at);
  };
}

function labelIn(zone: string, style: Intl.DateTimeFormatOptions): (at: number) => string {
  const format = new Intl.DateTimeFormat(LOCALE, { ...style, timeZone: zone });
  return (at) => format.format(at * 1000);
}

/** The moment at which the clock of a zone shows a time. */
function instant(local: number, offset: (at: number) => number): number {
  const guess = local - offset(local);
  return local - offset(guess);
}

/** By how many seconds a zone's clock is ahead of UTC. */
function offsets(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  return (at) => {
    const name = format.formatToParts(at * 1000).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours = 0, minutes = 0, seconds = 0] = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name) ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * MINUTE + Number(seconds));
  };
}

function range(first: number, last: number, step: number): readonly number[] {
  return Array.from({ length: Math.max(0, Math.ceil((last - first) / step)) }, (_, index) => first + index * step);
}

function within(at: readonly number[], from: number, to: number): readonly number[] {
  return at.filter((each) => each >= from && each <= to);
}
