import { useSyncExternalStore } from 'react';
import { ago, moment } from './figures.ts';

const TICK_MS = 10_000;
let now = Date.now();

function subscribe(onChange: () => void): () => void {
  const timer = setInterval(() => {
    now = Date.now();
    onChange();
  }, TICK_MS);
  return () => clearInterval(timer);
}

/** How long ago something was. The exact time is its tooltip. */
export function Ago({ at }: { readonly at: string }) {
  const current = useSyncExternalStore(subscribe, () => now);
  return (
    <time dateTime={at} title={moment(at)}>
      {ago(at, Math.max(current, Date.parse(at)))}
    </time>
  );
}
