import { useSyncExternalStore } from 'react';
import type { Upload } from '../../src/api/uploads.ts';
import { useUploadsById } from './uploads.ts';

const PREFIX = 'thena-sent-';
const MOST = 100;
const listeners = new Set<() => void>();

/** Notes in this browser that an upload was sent from it. */
export function rememberSent({ id, customer_id: customerId }: Upload): void {
  const ids = [id, ...sentIds(customerId).split(' ')].slice(0, MOST);
  localStorage.setItem(PREFIX + customerId, ids.join(' ').trim());
  for (const listener of listeners) listener();
}

/** The uploads of a customer that were sent from this browser, newest first: for keys that may upload, and not read the list. */
export function useSentUploads(customerId: string, enabled: boolean): readonly Upload[] {
  const ids = useSyncExternalStore(subscribe, () => sentIds(customerId));
  return useUploadsById(enabled && ids !== '' ? ids.split(' ') : []);
}

function sentIds(customerId: string): string {
  return localStorage.getItem(PREFIX + customerId) ?? '';
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
