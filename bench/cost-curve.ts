/** What a table of one size costs. */
export interface Costs {
  readonly rows: number;
  readonly csvBytes: number;
  /** From the first byte sent to the committed rows. */
  readonly uploadMs: number;
  /** Peak resident memory at the end of the upload; null if the system does not say. */
  readonly uploadPeakBytes: Peaks | null;
  /** The same after all answers. */
  readonly peakBytes: Peaks | null;
  readonly diskBytesPerRow: number;
  /** Medians by the name of the answer, computed without the cache; null if it failed, such as for lack of memory. */
  readonly answersMs: Readonly<Record<string, number | null>>;
}

interface Peaks {
  readonly main: number;
  readonly engine: number;
}

export interface Measured {
  /** A day, such as 2026-01-31. */
  readonly measuredOn: string;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly system: string;
    readonly node: string;
  };
  readonly sizes: readonly Costs[];
}

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

interface Panel {
  readonly title: string;
  readonly top: number;
  readonly height: number;
  /** Grid lines, each with its label. */
  readonly ticks: readonly (readonly [value: number, label: string])[];
  readonly lines: readonly Line[];
}

const WIDTH = 860;
const HEIGHT = 700;
const [LEFT, RIGHT] = [76, 660];
const LABEL_HEIGHT = 17;
const MIB = 1024 * 1024;
/** Lines with a contrast of at least 3:1 on white and on black alike. */
const COLOURS = ['#d6403b', '#b8700b', '#23903c', '#0a8f8f', '#2f7fe0', '#9358d8', '#d0449a', '#7d8590'] as const;

/** Draws the measurements as an SVG picture with a logarithmic scale in both directions. */
export function drawCosts({ sizes }: Measured): string {
  const answer = (label: string, index: number, ...names: readonly string[]): Line => ({
    label,
    colour: COLOURS[index] as string,
    values: sizes.map(({ answersMs }) => Math.max(...names.map((name) => answersMs[name] ?? Number.NaN))),
  });
  const times: Panel = {
    title: 'Time',
    top: 52,
    height: 400,
    ticks: [
      [0.1, '0.1 ms'],
      [1, '1 ms'],
      [10, '10 ms'],
      [100, '0.1 s'],
      [1_000, '1 s'],
      [10_000, '10 s'],
      [100_000, '100 s'],
      [1_000_000, '1,000 s'],
    ],
    lines: [
      { label: 'upload', colour: COLOURS[0], values: sizes.map(({ uploadMs }) => uploadMs) },
      answer('export as CSV', 1, 'export_csv'),
      answer('profile', 2, 'profile'),
      answer('top values', 3, 'top_values'),
      answer('query with groups', 4, 'group_by'),
      answer('rows over time', 5, 'rows_over_time'),
      answer('page at the end', 6, 'last_page'),
      // Alike at every size: the slowest of the three.
      answer('precomputed answers', 7, 'time_difference', 'total_rows', 'time_span'),
    ],
  };
  const peaks = (process: keyof Peaks) =>
    sizes.map(({ peakBytes }) => (peakBytes === null ? null : peakBytes[process] / MIB));
  const memory: Panel = {
    title: 'Peak memory',
    top: 508,
    height: 132,
    ticks: [
      [64, '64 MiB'],
      [256, '256 MiB'],
      [1024, '1 GiB'],
      [4096, '4 GiB'],
    ],
    lines: [
      { label: 'engine process', colour: COLOURS[4], values: peaks('engine') },
      { label: 'main process', colour: COLOURS[1], values: peaks('main') },
    ],
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">`,
    '<title id="title">Time of uploads and answers, and peak memory, by the number of rows in the table</title>',
    // Greys that can be read on light and dark pages; the picture itself has no background.
    '<style>text{font:13px system-ui,sans-serif;fill:#6e7781}.title{font-weight:600}.grid{stroke:#8b949e;stroke-opacity:.3}',
    '@media(prefers-color-scheme:dark){text{fill:#9da7b1}}</style>',
    ...drawPanel(times, sizes),
    ...drawPanel(memory, sizes),
    `<text x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">rows in the table</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel({ title, top, height, ticks, lines }: Panel, sizes: readonly Costs[]): string[] {
  const bottom = top + height;
  const rows = sizes.map((size) => size.rows);
  const x = scale(Math.min(...rows), Math.max(...rows), LEFT, RIGHT);
  const shown = ticksAround(ticks, lines);
  const y = scale(shown[0]?.[0] ?? 1, shown.at(-1)?.[0] ?? 10, bottom, top);
  const labelled = lines
    .map((line) => ({ ...line, points: pointsOf(line, rows, x, y) }))
    .filter(({ points }) => points.length > 0)
    .sort((a, b) => (a.points.at(-1)?.[1] ?? 0) - (b.points.at(-1)?.[1] ?? 0));
  const labelYs = spread(
    labelled.map(({ points }) => points.at(-1)?.[1] ?? 0),
    bottom,
  );
  return [
    `<text class="title" x="${LEFT}" y="${top - 16}">${title}</text>`,
    ...shown.map(
      ([value, label]) =>
        `<path class="grid" d="M${LEFT} ${y(value)}H${RIGHT}"/><text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${label}</text>`,
    ),
    ...rows.map(
      (count) =>
        `<path class="grid" d="M${x(count)} ${top}V${bottom}"/><text x="${x(count)}" y="${bottom + 20}" text-anchor="middle">${rowsText(count)}</text>`,
    ),
    ...labelled.flatMap(({ label, colour, points }, index) => {
      const [endX = 0, endY = 0] = points.at(-1) ?? [];
      return [
        `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map((point) => point.join(',')).join(' ')}"/>`,
        ...points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`),
        `<path fill="none" stroke="${colour}" stroke-opacity=".5" d="M${endX + 5} ${endY}L${RIGHT + 22} ${labelYs[index]}"/>`,
        `<text x="${RIGHT + 28}" y="${(labelYs[index] ?? 0) + 4}" style="fill:${colour}">${label}</text>`,
      ];
    }),
  ];
}

/** A logarithmic scale, in whole tenths of a pixel. */
function scale(least: number, most: number, from: number, to: number): (value: number) => number {
  const span = Math.log(most / least) || 1;
  return (value) => Math.round((from + ((to - from) * Math.log(value / least)) / span) * 10) / 10;
}

/** The ticks next to and between the least and the greatest value. */
function ticksAround(ticks: Panel['ticks'], lines: readonly Line[]): Panel['ticks'] {
  const values = lines
    .flatMap((line) => line.values)
    .filter((value) => value !== null && !Number.isNaN(value)) as number[];
  const first = ticks.findLastIndex(([tick]) => tick <= Math.min(...values));
  const last = ticks.findIndex(([tick]) => tick >= Math.max(...values));
  return ticks.slice(Math.max(0, first), last < 0 ? ticks.length : last + 1);
}

function pointsOf(
  { values }: Line,
  rows: readonly number[],
  x: (value: number) => number,
  y: (value: number) => number,
): (readonly [number, number])[] {
  return rows.flatMap((count, index) => {
    const value = values[index];
    return value === null || value === undefined || Number.isNaN(value) ? [] : [[x(count), y(value)] as const];
  });
}

/** Moves labels, given from the top down, apart so that none covers another and none is below the panel. */
function spread(ys: readonly number[], bottom: number): number[] {
  const placed: number[] = [];
  for (const y of ys) placed.push(Math.max(y, (placed.at(-1) ?? Number.NEGATIVE_INFINITY) + LABEL_HEIGHT));
  let below = bottom + LABEL_HEIGHT;
  for (let index = placed.length - 1; index >= 0; index--) {
    below = Math.min(placed[index] ?? below, below - LABEL_HEIGHT);
    placed[index] = below;
  }
  return placed;
}

/** `10 thousand`, `1 million` */
function rowsText(rows: number): string {
  return rows < 1_000_000 ? `${rows / 1_000} thousand` : `${rows / 1_000_000} million`;
}
