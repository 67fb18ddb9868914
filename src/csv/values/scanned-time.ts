/** What the scanner of a time found in a text: its parts as they are written. */
export interface ScannedTime {
  /**
   * - `fixed`: a day whose year, month and day are certain
   * - `counted`: the same as days since 1970-01-01, in `day`
   * - `numeric`: a day of numbers whose order is open
   * - `clock`: a time of day only
   */
  form: 'fixed' | 'counted' | 'numeric' | 'clock';
  year: number;
  month: number;
  day: number;
  /** The parts of a `numeric` day in the order of the text. The last one is the year if it has four digits. */
  first: number;
  second: number;
  third: number;
  /** A year of two digits: in `year`, made one of 1970 to 2069, or in `third`, or perhaps in `first`. */
  twoDigitYear: boolean;
  /** `first` can be a year, since it has two digits and so has `third`. */
  firstMayBeYear: boolean;
  dotted: boolean;
  /** `20240102` */
  basic: boolean;
  /** 0 for Monday to 6 for Sunday; -1: not given. */
  weekday: number;
  hasClock: boolean;
  /** Seconds since midnight; 86400 for 24:00:00. */
  clock: number;
  micros: number;
  pastMicrosecond: boolean;
  hasOffset: boolean;
  /** Seconds east of UTC. */
  offset: number;
  /** What makes the text no time although it is written like one. */
  fault: 'clock' | 'leap_second' | 'offset' | null;
}

/** The result of the last scan; the next one overwrites it. */
export const scanned: ScannedTime = {
  form: 'fixed',
  year: 0,
  month: 0,
  day: 0,
  first: 0,
  second: 0,
  third: 0,
  twoDigitYear: false,
  firstMayBeYear: false,
  dotted: false,
  basic: false,
  weekday: -1,
  hasClock: false,
  clock: 0,
  micros: 0,
  pastMicrosecond: false,
  hasOffset: false,
  offset: 0,
  fault: null,
};

export function clearScanned(): void {
  scanned.form = 'fixed';
  scanned.twoDigitYear = false;
  scanned.firstMayBeYear = false;
  scanned.dotted = false;
  scanned.basic = false;
  scanned.weekday = -1;
  scanned.hasClock = false;
  scanned.clock = 0;
  scanned.micros = 0;
  scanned.pastMicrosecond = false;
  scanned.hasOffset = false;
  scanned.offset = 0;
  scanned.fault = null;
}

/** Years of two digits are those from 1970 to 2069. */
export function fullYear(year: number): number {
  return year < 70 ? 2000 + year : 1900 + year;
}
