import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 count memory outside of its heap, such as that of chunks of files, as if it were part of the heap, as long as the process runs.
 * Otherwise V8 marks the whole heap whenever another 64 MB have been allocated outside of it, even if all of them are free again:
 * decision 34.
 *
 * @param nodeVersion V8 writes a complaint if it does not know a flag
 */
export function countExternalMemory(nodeVersion: string): void {
  if (nodeVersion.startsWith('26.')) setFlagsFromString('--external-memory-accounted-in-global-limit');
}
