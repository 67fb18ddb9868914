import { X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { chosenFiles } from '../data/choosing/chosen-files.ts';
import { type InterruptedFile, useInterruptedFiles } from '../data/sending/interrupted-files.ts';
import type { SendingFile } from '../data/sending/sending-file.ts';
import { sendingFiles } from '../data/sending/sending-files.ts';
import { Button } from '../design/button.tsx';
import { bytes, duration } from '../design/figures.ts';
import { ProblemBox } from '../design/problem-box.tsx';
import { ProgressBar } from '../design/progress-bar.tsx';
import { InterruptedCard } from './interrupted-card.tsx';
import styles from './sending-list.module.css';

/** The files that this tab is sending to a customer. Those that the server has are uploads, and listed there. */
export function SendingList({ customerId }: { readonly customerId: string }) {
  const files = useSyncExternalStore(sendingFiles.subscribe, sendingFiles.snapshot);
  const shown = files.filter((file) => file.customerId === customerId);
  const interrupted = useInterruptedFiles(customerId).filter((file) => !shown.some((each) => isSame(file, each)));
  if (shown.length + interrupted.length === 0) return null;
  return (
    <section aria-label="Files being sent">
      <ul className={styles.list}>
        {interrupted.map((file) => (
          <li key={file.uploadId} className={styles.card}>
            <InterruptedCard file={file} />
          </li>
        ))}
        {shown.map((file) => (
          <li key={file.key} className={styles.card}>
            <div className={styles.head}>
              <span className={styles.name}>{file.filename}</span>
              <Button
                look="quiet"
                size="small"
                icon
                aria-label={`${file.state === 'refused' ? 'Dismiss' : 'Cancel'} ${file.filename}`}
                onClick={() => sendingFiles.remove(file.key)}
              >
                <X aria-hidden />
              </Button>
            </div>
            {file.problem ? (
              <ProblemBox
                problem={file.problem}
                actions={
                  <Button size="small" onClick={() => choose(file)}>
                    Show how it is read
                  </Button>
                }
              />
            ) : (
              <Sent file={file} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Goes back to the preview, where other options can be chosen. */
function choose({ key, customerId }: SendingFile): void {
  const taken = sendingFiles.takeBack(key);
  if (taken) chosenFiles.add(customerId, [taken.file], taken.options);
}

function isSame(interrupted: InterruptedFile, { filename, bytes: size }: SendingFile): boolean {
  return interrupted.filename === filename && interrupted.bytes === size;
}

function Sent({ file }: { readonly file: SendingFile }) {
  const { filename, sent, bytes: size, bytesPerSecond } = file;
  const left = bytesPerSecond ? (size - sent) / bytesPerSecond : null;
  return (
    <>
      <ProgressBar label={`Sending ${filename}`} fraction={size === 0 ? null : sent / size} />
      <div className={styles.figures}>
        <span>
          {statusOf(file)}
          {file.state !== 'waiting' && ` · ${bytes(sent)} of ${bytes(size)}`}
        </span>
        {file.state === 'sending' && bytesPerSecond !== null && (
          <span>
            {bytes(Math.round(bytesPerSecond))}/s{left !== null && left >= 1 && ` · ${duration(left)} left`}
          </span>
        )}
      </div>
    </>
  );
}

function statusOf({ state, sent, bytes: size }: SendingFile): string {
  if (state === 'waiting') return 'Waits for other files';
  if (state === 'interrupted') return 'Connection interrupted, trying again';
  return sent === size ? 'Sent, being checked' : 'Step 1 of 2: sending';
}
