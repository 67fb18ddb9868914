import { Link } from 'wouter';
import type { Upload } from '../../src/api/uploads.ts';
import { type RowsAt, useRowsOverTime } from '../data/rows-over-time.ts';
import { counted, rowTime, rowTimes } from '../design/figures.ts';
import styles from './upload-timeline.module.css';

/** More would not be read. */
const MOST_LANES = 20;

interface Lane {
  readonly upload: Upload;
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** What each upload has brought, below the rows of the table: over the time of the rows, or over their number if they have none. */
export function UploadTimeline({
  customerId,
  uploads,
}: {
  readonly customerId: string;
  readonly uploads: readonly Upload[];
}) {
  const timed = lanesByTime(uploads);
  const lanes = timed.length > 0 ? timed : lanesByNumber(uploads);
  const points = useRowsOverTime(customerId, timed.length > 0);
  if (lanes.length === 0) return null;
  const shown = lanes.slice(0, MOST_LANES);
  const first = Math.min(...lanes.map(({ from }) => from), ...points.map(({ at }) => at));
  const last = Math.max(...lanes.map(({ to }) => to), ...points.map(({ at }) => at));
  const share = (value: number): number => (last === first ? 0 : ((value - first) / (last - first)) * 100);
  const iso = (value: number): string => new Date(value).toISOString();
  const isTimed = timed.length > 0;
  const label = (value: number): string => (isTimed ? rowTime(iso(value)) : `row ${value}`);
  return (
    <div className={styles.timeline}>
      {points.length > 1 && <Histogram points={points} share={share} />}
      <ol className={styles.lanes}>
        {shown.map(({ upload, from, to, rows }) => (
          <li key={upload.id} className={styles.lane}>
            <Link href={`/c/${customerId}/uploads/${upload.id}`} className={styles.name}>
              {upload.filename ?? 'Unnamed file'}
            </Link>
            <span
              className={styles.track}
              title={isTimed ? rowTimes(iso(from), iso(to)) : `${label(from)} – ${label(to)}`}
            >
              <span
                className={styles.bar}
                style={{
                  left: `min(${share(from)}%, 100% - 4px)`,
                  width: `${last === first ? 100 : share(to) - share(from)}%`,
                }}
              />
            </span>
            <span className={styles.rows}>{counted(rows, 'row')}</span>
          </li>
        ))}
      </ol>
      <p className={styles.axis}>
        <span>{label(first)}</span>
        <span>{label(last)}</span>
      </p>
      {lanes.length > shown.length && <p className={styles.note}>The latest {MOST_LANES} uploads are shown.</p>}
    </div>
  );
}

/** More bars would run together. */
const MOST_BARS = 90;

function Histogram({ points, share }: { readonly points: readonly RowsAt[]; readonly share: (at: number) => number }) {
  const bars = new Array<number>(MOST_BARS).fill(0);
  for (const { at, rows } of points) {
    const bar = Math.min(MOST_BARS - 1, Math.floor((share(at) / 100) * MOST_BARS));
    bars[bar] = (bars[bar] ?? 0) + rows;
  }
  const most = Math.max(...bars);
  const width = 100 / MOST_BARS;
  return (
    <svg className={styles.histogram} viewBox="0 0 100 40" preserveAspectRatio="none" role="img">
      <title>Rows of the table over time</title>
      {bars.map((rows, bar) => {
        const height = rows === 0 ? 0 : Math.max(0.6, (rows / most) * 40);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: bars have no identity but their place.
          <rect key={bar} x={bar * width} y={40 - height} width={width * 0.8} height={height} />
        );
      })}
    </svg>
  );
}

function broughtRows({ status, receipt, options }: Upload): boolean {
  return status === 'complete' && !options.dry_run && receipt !== null && receipt.appended > 0;
}

function lanesByTime(uploads: readonly Upload[]): readonly Lane[] {
  return uploads.filter(broughtRows).flatMap((upload): readonly Lane[] => {
    const { earliest_at, latest_at, appended = 0 } = upload.receipt ?? {};
    if (!earliest_at || !latest_at) return [];
    return [{ upload, from: Date.parse(earliest_at), to: Date.parse(latest_at), rows: appended }];
  });
}

function lanesByNumber(uploads: readonly Upload[]): readonly Lane[] {
  let before = 0;
  const oldestFirst = uploads.filter(broughtRows).toReversed();
  return oldestFirst
    .map((upload): Lane => {
      const rows = upload.receipt?.appended ?? 0;
      const from = before + 1;
      before += rows;
      return { upload, from, to: before, rows };
    })
    .toReversed();
}
