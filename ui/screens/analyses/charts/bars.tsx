import { useLayoutEffect, useRef, useState } from 'react';
import type { ColumnType } from '../../../../src/api/columns.ts';
import type { JsonValue } from '../../../../src/api/values.ts';
import { roundedText, type TimeDetail, valueText } from '../../../parts/format-value.ts';
import type { BarChart } from './chart.ts';
import styles from './charts.module.css';

const BAR_PIXELS = 20;
const STEP_PIXELS = 28;
const VALUE_PIXELS = 84;
const CHARACTER_PIXELS = 8.2;

export interface BarsProps {
  readonly chart: BarChart;
  readonly type: ColumnType;
  readonly detail: TimeDetail;
}

/** A bar for each value of a column, with its number. */
export function Bars({ chart, type, detail }: BarsProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const { current } = frame;
    if (!current) return;
    const observer = new ResizeObserver(() => setWidth(current.clientWidth));
    observer.observe(current);
    setWidth(current.clientWidth);
    return () => observer.disconnect();
  }, []);
  const { bars } = chart;
  const labels = bars.map(({ name }) => labelOf(name, type, detail));
  const longest = Math.max(...labels.map(({ length }) => length));
  const labelWidth = Math.min(longest * CHARACTER_PIXELS + 22, width * 0.4);
  const numbers = bars.map(({ value }) => value ?? 0);
  const least = Math.min(0, ...numbers);
  const scale = Math.max(0, width - labelWidth - VALUE_PIXELS) / (Math.max(0, ...numbers) - least || 1);
  const height = bars.length * STEP_PIXELS;
  return (
    <div ref={frame}>
      {width > 0 && (
        <svg
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          className={styles.bars}
          aria-hidden="true"
        >
          {bars.map(({ value }, index) => {
            const y = index * STEP_PIXELS;
            const from = labelWidth + (Math.min(0, value ?? 0) - least) * scale;
            const length = Math.abs(value ?? 0) * scale;
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: a bar is known by its place.
              <g key={index}>
                <text x={labelWidth - 10} y={y + 15} textAnchor="end" className={styles.barLabel}>
                  {cut(labels[index] ?? '', Math.floor((labelWidth - 10) / CHARACTER_PIXELS))}
                </text>
                <rect x={from} y={y} width={Math.max(1, length)} height={BAR_PIXELS} rx={2} className={styles.bar} />
                <text x={from + length + 7} y={y + 15} className={styles.barValue}>
                  {value === null ? '–' : roundedText(value)}
                </text>
              </g>
            );
          })}
        </svg>
      )}
    </div>
  );
}

function labelOf(name: JsonValue, type: ColumnType, detail: TimeDetail): string {
  if (name === null) return 'null';
  return name === '' ? 'empty text' : valueText(name, type, detail).replace(/\s+/g, ' ');
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`;
}
