import { useSyncExternalStore } from 'react';

/** `system`: as the operating system has it. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'thena-theme';
const listeners = new Set<() => void>();
let theme: Theme = stored();

function stored(): Theme {
  const text = localStorage.getItem(KEY);
  return text === 'light' || text === 'dark' ? text : 'system';
}

/** Shows the page in the chosen theme. */
export function applyTheme(): void {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset.theme;
  else dataset.theme = theme;
}

export function setTheme(chosen: Theme): void {
  theme = chosen;
  localStorage.setItem(KEY, chosen);
  applyTheme();
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => theme,
  );
}
