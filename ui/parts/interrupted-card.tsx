import { X } from 'lucide-react';
import { useRef, useState } from 'react';
import type { InterruptedFile } from '../data/sending/interrupted-files.ts';
import { sendingFiles } from '../data/sending/sending-files.ts';
import { forgetUnfinished, isSameFile } from '../data/sending/unfinished-files.ts';
import { useRemoveUpload } from '../data/uploads.ts';
import { Button } from '../design/button.tsx';
import { bytes } from '../design/figures.ts';
import { ProgressBar } from '../design/progress-bar.tsx';
import styles from './sending-list.module.css';

/** A file whose sending ended with its tab. The browser cannot open it again without the user. */
export function InterruptedCard({ file }: { readonly file: InterruptedFile }) {
  const input = useRef<HTMLInputElement>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const remove = useRemoveUpload();
  const { filename, received, bytes: size, uploadId, customerId } = file;
  const choose = (chosen: File | undefined): void => {
    if (!chosen) return;
    if (isSameFile(file, chosen)) sendingFiles.add(customerId, [chosen]);
    else
      setRefused(
        `${chosen.name} is another file, or has changed since. Choose ${filename} with ${bytes(size)} again, or cancel it.`,
      );
  };
  return (
    <>
      <div className={styles.head}>
        <span className={styles.name}>{filename}</span>
        <Button size="small" onClick={() => input.current?.click()}>
          Choose the file again
        </Button>
        <Button
          look="quiet"
          size="small"
          icon
          aria-label={`Cancel ${filename}`}
          onClick={() => {
            forgetUnfinished(uploadId);
            remove.mutate(uploadId);
          }}
        >
          <X aria-hidden />
        </Button>
      </div>
      <ProgressBar label={`Sent of ${filename}`} fraction={received / size} />
      <div className={styles.figures}>
        <span>
          Interrupted · {bytes(received)} of {bytes(size)} are on the server. Choose the file again to continue there.
        </span>
      </div>
      {refused && (
        <p role="alert" className={styles.refused}>
          {refused}
        </p>
      )}
      <input
        ref={input}
        type="file"
        hidden
        aria-label={`${filename} again`}
        onChange={({ currentTarget }) => {
          choose(currentTarget.files?.[0]);
          currentTarget.value = '';
        }}
      />
    </>
  );
}
