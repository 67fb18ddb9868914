import { useQuery } from '@tanstack/react-query';
import { isProblem } from '../../../client/thena-problem.ts';
import { client } from '../client.ts';
import { customerKey } from '../customers.ts';
import { heldTabLocks } from '../tab-lock.ts';
import { forgetUnfinished, sendingLock, type UnfinishedFile, unfinishedFiles } from './unfinished-files.ts';

const POLL_MS = 3_000;

/** A file that was being sent by a tab that no longer exists. */
export interface InterruptedFile extends UnfinishedFile {
  /** Bytes that the server has. */
  readonly received: number;
}

/** The files of a customer that this browser has begun to send, and that no tab is sending. */
export function useInterruptedFiles(customerId: string): readonly InterruptedFile[] {
  const { data } = useQuery({
    queryKey: [...customerKey(customerId), 'interrupted'],
    queryFn: () => interruptedFiles(customerId),
    refetchInterval: POLL_MS,
  });
  return data ?? [];
}

async function interruptedFiles(customerId: string): Promise<readonly InterruptedFile[]> {
  const held = await heldTabLocks();
  const files = unfinishedFiles(customerId).filter(({ uploadId }) => !held.has(sendingLock(uploadId)));
  const found = await Promise.all(files.map(withReceived));
  return found.filter((file) => file !== null);
}

async function withReceived(file: UnfinishedFile): Promise<InterruptedFile | null> {
  try {
    const { status, progress } = await client.getUpload(file.uploadId);
    if (status === 'receiving') return { ...file, received: progress?.bytes_received ?? 0 };
  } catch (error) {
    // Otherwise it is looked for again later.
    if (!isProblem(error, 'upload_not_found')) throw error;
  }
  forgetUnfinished(file.uploadId);
  return null;
}
