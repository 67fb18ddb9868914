/** The customer that the sample belongs to. */
export const SAMPLE_CUSTOMER = 'sample';

const DAYS = 120;
/** Riders per hour at noon, in the middle of the year. */
const STATIONS = [
  ['Harbour', 90],
  ['Old Town', 140],
  ['University', 60],
] as const;

/** Invented counts of bicycles, hour by hour at three stations: enough for a first chart of each kind. */
export function sampleFile(): File {
  const lines = ['time,station,riders,temperature'];
  for (let hour = 0; hour < DAYS * 24; hour++) {
    const at = new Date(Date.UTC(2024, 2, 1, hour));
    const temperature = temperatureAt(hour);
    for (const [index, [name, usual]] of STATIONS.entries()) {
      lines.push(`${at.toISOString()},${name},${ridersAt(at, usual, temperature, hour * 3 + index)},${temperature}`);
    }
  }
  return new File([`${lines.join('\n')}\n`], 'bicycles.csv', { type: 'text/csv' });
}

function temperatureAt(hour: number): string {
  const season = 6 + 14 * Math.sin((Math.PI / 2) * (hour / (DAYS * 24)));
  const daily = 4 * Math.sin(((hour % 24) - 9) * (Math.PI / 12));
  return (season + daily + 2 * noise(hour)).toFixed(1);
}

function ridersAt(at: Date, usual: number, temperature: string, seed: number): number {
  const hour = at.getUTCHours();
  const isWeekend = [0, 6].includes(at.getUTCDay());
  const rush = (peak: number): number => Math.exp(-((hour - peak) ** 2) / 4);
  const shape = isWeekend ? 0.9 * Math.exp(-((hour - 14) ** 2) / 18) : rush(8) + 0.9 * rush(17) + 0.25 * rush(12);
  return Math.max(0, Math.round(usual * shape * (0.5 + Number(temperature) / 25) * (1 + 0.3 * noise(seed))));
}

/** Between -1 and 1, the same for the same seed. */
function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43_758.5453;
  return 2 * (value - Math.floor(value)) - 1;
}
