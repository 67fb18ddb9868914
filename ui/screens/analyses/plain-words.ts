import { counted } from '../../design/figures.ts';

/** `P214DT23H30M` → `214 days, 23 hours, 30 minutes` */
export function durationWords(duration: string): string {
  const [, sign, days = '0', hours = '0', minutes = '0', seconds = '0'] =
    /^(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(duration) ?? [];
  const parts = [
    [Number(days), 'day'],
    [Number(hours), 'hour'],
    [Number(minutes), 'minute'],
    [Number(seconds), 'second'],
  ] as const;
  const words = parts.filter(([value]) => value > 0).map(([value, noun]) => amount(value, noun));
  return words.length === 0 ? '0 seconds' : `${sign ? 'minus ' : ''}${words.join(', ')}`;
}

function amount(value: number, noun: string): string {
  return Number.isInteger(value) ? counted(value, noun) : `${value} ${noun}s`;
}
