import { useSyncExternalStore } from 'react';
import styles from './charts.module.css';

const dark = matchMedia('(prefers-color-scheme: dark)');

function subscribe(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  dark.addEventListener('change', onChange);
  return () => {
    observer.disconnect();
    dark.removeEventListener('change', onChange);
  };
}

function scheme(): string {
  return `${document.documentElement.dataset.theme ?? ''} ${dark.matches}`;
}

/** Changes whenever the page's colours do: a canvas does not change with them. */
export function useColourScheme(): string {
  return useSyncExternalStore(subscribe, scheme);
}

export interface ChartColours {
  readonly surface: string;
  readonly text: string;
  readonly soft: string;
  readonly line: string;
  readonly series: readonly string[];
}

/** The page's colours at an element, as a canvas needs them. */
export function chartColours(element: HTMLElement): ChartColours {
  const probe = document.createElement('span');
  probe.className = styles.probe ?? '';
  element.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    surface: colour('--surface'),
    text: colour('--text'),
    soft: colour('--text-soft'),
    line: colour('--line'),
    series: [1, 2, 3, 4, 5, 6].map((number) => colour(`--series-${number}`)),
  };
  probe.remove();
  return colours;
}
