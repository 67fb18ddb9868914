import { lazy, Suspense, useState } from 'react';
import { count } from '../../../design/figures.ts';
import { Fallback } from '../../../parts/fallback.tsx';
import { numberText, roundedText, timeText } from '../../../parts/format-value.ts';
import type { QueryColumn } from '../query-columns.ts';
import { Bars } from './bars.tsx';
import type { Chart, LineChart } from './chart.ts';
import styles from './charts.module.css';

const Plot = lazy(() => import('./plot.tsx'));

/** A chart with its legend. The table of the result says the same to those who cannot see it. */
export function ChartFigure({ chart, columns }: { readonly chart: Chart; readonly columns: readonly QueryColumn[] }) {
  if (chart.kind === 'bars') {
    const name = columns.find(({ group }) => group);
    return (
      <figure className={styles.figure} data-chart aria-label={`Bars: ${chart.title} by ${name?.name}`}>
        <figcaption className={styles.caption}>
          <strong>{chart.title}</strong> by {name?.name}
        </figcaption>
        <Bars chart={chart} type={name?.type ?? 'text'} detail="full" />
        {chart.hiddenBars > 0 && <p className={styles.soft}>{count(chart.hiddenBars)} more in the table.</p>}
      </figure>
    );
  }
  return <LineFigure chart={chart} />;
}

function LineFigure({ chart }: { readonly chart: LineChart }) {
  const { title, xTitle, zone, kind, series, hiddenSeries } = chart;
  const [point, setPoint] = useState<number | null>(null);
  return (
    <figure className={styles.figure} data-chart aria-label={`Chart: ${title} by ${xTitle}`}>
      <figcaption className={styles.caption}>
        <strong>{title}</strong> by {xTitle}
        {kind === 'time' && `, ${zone}`}
      </figcaption>
      <Fallback instead={<p>This browser could not load or draw the chart. The table below has its values.</p>}>
        <Suspense fallback={<div className={styles.placeholder} />}>
          <Plot chart={chart} onPoint={setPoint} />
        </Suspense>
      </Fallback>
      <p className={styles.legend}>
        <span className={styles.point}>
          {point === null ? 'Point at the chart for values.' : placeText(chart, point)}
        </span>
        {series.map(({ name, values }, index) => (
          <span key={name} className={styles.entry}>
            {series.length > 1 && <span className={`${styles.swatch} ${styles[`series${index + 1}`]}`} />}
            {series.length > 1 && name}
            {point !== null && <b>{pointText(values[point] ?? null)}</b>}
          </span>
        ))}
        {hiddenSeries > 0 && <span>{count(hiddenSeries)} more in the table</span>}
      </p>
    </figure>
  );
}

function pointText(value: number | null): string {
  if (value === null) return '–';
  return Number.isInteger(value) ? numberText(value) : roundedText(value);
}

function placeText({ kind, values, at, width, detail }: LineChart, index: number): string {
  const value = values[index] ?? null;
  if (kind === 'time') return timeText(String(value), detail);
  const from = at[index] ?? 0;
  return width > 0 ? `${numberText(from)} to ${numberText(from + width)}` : numberText(from);
}
