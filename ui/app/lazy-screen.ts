import { type ComponentType, type LazyExoticComponent, lazy } from 'react';

const loaders: (() => Promise<unknown>)[] = [];

/** A screen that is loaded when it is first shown, or before, when nothing else is to be done. */
// biome-ignore lint/suspicious/noExplicitAny: screens have any properties.
export function lazyScreen<Screen extends ComponentType<any>>(
  load: () => Promise<{ readonly default: Screen }>,
): LazyExoticComponent<Screen> {
  loaders.push(load);
  return lazy(load);
}

/** Loads all screens, so that they can be shown while the network is gone: browsers do not repeat an import that has failed. */
export function loadScreensAhead(): void {
  // What fails is reported when it is shown.
  for (const load of loaders) void load().catch(() => undefined);
}
