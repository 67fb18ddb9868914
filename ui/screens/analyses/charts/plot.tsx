import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { LOCALE } from '../../../design/locale.ts';
import { roundedText } from '../../../parts/format-value.ts';
import type { LineChart } from './chart.ts';
import { chartColours, useColourScheme } from './chart-colours.ts';
import { timeTicks } from './time-ticks.ts';

const HEIGHT = 260;
const TICK_PIXELS = 76;
/** More bars than this would be thinner than the gaps between them. */
const MOST_BARS = 400;
const MOST_POINTS = 120;
/** `BarsPathBuilderFacetUnit.ScaleValue` of uPlot, which exists as a type only. */
const SCALE_VALUE = 1;
const FONT = '12px system-ui, "Open Sans", sans-serif';
const short = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumSignificantDigits: 4 });

export interface PlotProps {
  readonly chart: LineChart;
  /** Called with the place under the pointer; null: it is elsewhere. */
  readonly onPoint: (index: number | null) => void;
}

/** Draws numbers over time or over numbers. This module is loaded when the first chart is shown. */
export default function Plot({ chart, onPoint }: PlotProps) {
  const element = useRef<HTMLDivElement>(null);
  const scheme = useColourScheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours depend on the scheme.
  useEffect(() => {
    const { current } = element;
    if (!current) return;
    const plot = new uPlot(optionsFor(chart, current, onPoint), dataOf(chart), current);
    const observer = new ResizeObserver(() => plot.setSize({ width: current.clientWidth, height: HEIGHT }));
    observer.observe(current);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [chart, onPoint, scheme]);
  return <div ref={element} />;
}

function dataOf({ at, series }: LineChart): uPlot.AlignedData {
  return [[...at], ...series.map(({ values }) => [...values])];
}

function optionsFor(chart: LineChart, element: HTMLElement, onPoint: PlotProps['onPoint']): uPlot.Options {
  const { at, width, series, kind, zone } = chart;
  const colours = chartColours(element);
  const asBars = width > 0 && series.length === 1 && at.length <= MOST_BARS;
  const from = at[0] ?? 0;
  const to = (at.at(-1) ?? 1) + (asBars ? width : 0);
  const axis: uPlot.Axis = {
    stroke: colours.soft,
    font: FONT,
    grid: { stroke: colours.line, width: 1 },
    ticks: { stroke: colours.line, width: 1 },
  };
  const ticks = (plot: uPlot) => timeTicks(from, to, plot.width / TICK_PIXELS, zone);
  return {
    width: element.clientWidth,
    height: HEIGHT,
    // The last tick is written around the end of the axis.
    padding: [10, 30, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false }, points: { show: !asBars } },
    hooks: {
      setCursor: [({ cursor }) => onPoint(cursor.left !== undefined && cursor.left >= 0 ? (cursor.idx ?? null) : null)],
    },
    scales: {
      x: { time: false, range: () => [from, to === from ? from + 1 : to] },
      y: { range: (_, min, max) => (asBars ? [Math.min(0, min), Math.max(0, max) * 1.06 || 1] : spread(min, max)) },
    },
    axes: [
      kind === 'time'
        ? {
            ...axis,
            size: 46,
            splits: (plot) => [...ticks(plot).at],
            values: (plot, splits) => splits.map(ticks(plot).label),
          }
        : { ...axis, values: (_, splits) => splits.map(roundedText) },
      { ...axis, size: 58, values: (_, splits) => splits.map((value) => short.format(value)) },
    ],
    series: [
      {},
      ...series.map(({ name }, index) => {
        const colour = colours.series[index] ?? colours.text;
        return {
          label: name,
          stroke: colour,
          width: asBars ? 0 : 2,
          points: { show: at.length <= MOST_POINTS && !asBars, size: 5, fill: colour },
          ...(asBars && {
            fill: colour,
            paths: uPlot.paths.bars?.({
              size: [1, 90, 2],
              align: 1,
              disp: {
                x0: { unit: SCALE_VALUE, values: () => [...at] },
                size: { unit: SCALE_VALUE, values: () => at.map(() => width * 0.88) },
              },
            }) as uPlot.Series.PathBuilder,
          }),
        };
      }),
    ],
  };
}

function spread(min: number, max: number): [number, number] {
  if (min === max) return [Math.min(0, min), Math.max(0, max) || 1];
  const room = (max - min) * 0.06;
  // From zero, unless all values are far from it.
  return [min >= 0 && min < max / 2 ? 0 : min - room, max + room];
}
