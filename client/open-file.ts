import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';

/** A file of this machine, for Node. Its bytes are read when they are sent; if it changes until then, reading fails. */
export async function openFile(path: string): Promise<File> {
  return new File([await openAsBlob(path)], basename(path));
}
