import { useSyncExternalStore } from 'react';

/** A rejected row that the user has corrected: its record, and the upload that it was sent with. */
export interface Draft {
  readonly line: number;
  readonly record: string;
  readonly sentWith: string | null;
}

type DraftsByLine = ReadonlyMap<number, Draft>;

const PREFIX = 'thena-corrections-';
const known = new Map<string, DraftsByLine>();
const listeners = new Set<() => void>();
const saving = new Map<string, ReturnType<typeof setTimeout>>();

/** The corrections of an upload's rejected rows. The browser keeps them, so that a reload loses nothing. */
export function useDrafts(uploadId: string): DraftsByLine {
  return useSyncExternalStore(subscribe, () => draftsOf(uploadId));
}

/** Keeps corrected rows; null: the row is as it was. */
export function keepDrafts(uploadId: string, changes: ReadonlyMap<number, Draft | null>): void {
  const drafts = new Map(draftsOf(uploadId));
  for (const [line, draft] of changes) {
    if (draft === null) drafts.delete(line);
    else drafts.set(line, draft);
  }
  known.set(uploadId, drafts);
  for (const listener of listeners) listener();
  // Not at every key: there may be thousands of them.
  clearTimeout(saving.get(uploadId));
  saving.set(
    uploadId,
    setTimeout(() => save(uploadId), 300),
  );
}

function draftsOf(uploadId: string): DraftsByLine {
  const drafts = known.get(uploadId);
  if (drafts) return drafts;
  const stored: readonly Draft[] = JSON.parse(localStorage.getItem(PREFIX + uploadId) ?? '[]');
  const read = new Map(stored.map((draft) => [draft.line, draft]));
  known.set(uploadId, read);
  return read;
}

function save(uploadId: string): void {
  const drafts = [...draftsOf(uploadId).values()];
  if (drafts.length === 0) localStorage.removeItem(PREFIX + uploadId);
  else localStorage.setItem(PREFIX + uploadId, JSON.stringify(drafts));
}

addEventListener('pagehide', () => {
  for (const uploadId of saving.keys()) save(uploadId);
});

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
