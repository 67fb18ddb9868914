/** A file whose upload was begun, and which has to be chosen again to continue: a page cannot read it after a reload. */
export interface UnfinishedFile {
  readonly uploadId: string;
  readonly customerId: string;
  readonly filename: string;
  readonly bytes: number;
  readonly lastModified: number;
}

const PREFIX = 'thena-unfinished-';

/** Keeps it in this browser, for all tabs, until it is forgotten. */
export function rememberUnfinished(file: UnfinishedFile): void {
  localStorage.setItem(PREFIX + file.uploadId, JSON.stringify(file));
}

export function forgetUnfinished(uploadId: string): void {
  localStorage.removeItem(PREFIX + uploadId);
}

export function unfinishedFiles(customerId: string): readonly UnfinishedFile[] {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX))
    .map((key): UnfinishedFile => JSON.parse(localStorage.getItem(key) ?? 'null'))
    .filter((file) => file.customerId === customerId);
}

/** The lock of the tab that sends the file of an upload. */
export function sendingLock(uploadId: string): string {
  return `thena-sending-${uploadId}`;
}

/** Whether a file is the one whose upload was begun, as far as a browser shows. */
export function isSameFile({ filename, bytes, lastModified }: UnfinishedFile, file: File): boolean {
  return filename === file.name && bytes === file.size && lastModified === file.lastModified;
}

/** @returns the unfinished upload of the same file: by its name, size and time of change */
export function unfinishedOf(customerId: string, file: File): UnfinishedFile | null {
  return unfinishedFiles(customerId).find((each) => isSameFile(each, file)) ?? null;
}
