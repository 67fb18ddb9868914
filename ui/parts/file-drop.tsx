import { FileUp } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Button } from '../design/button.tsx';
import styles from './file-drop.module.css';

export interface FileDropProps {
  readonly onFiles: (files: readonly File[]) => void;
}

/** Takes files: dropped anywhere in the window, or chosen. */
export function FileDrop({ onFiles }: FileDropProps) {
  const input = useRef<HTMLInputElement>(null);
  const dragging = useWindowDrop(onFiles);
  return (
    <div className={styles.zone}>
      <FileUp aria-hidden />
      <span>Drop CSV files here, or</span>
      <Button look="primary" onClick={() => input.current?.click()}>
        Choose files
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="CSV files"
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // Otherwise the same file cannot be chosen again.
          currentTarget.value = '';
        }}
      />
      <span className={styles.hint}>Compressed files (.gz, .zst) are read, too.</span>
      {dragging && <div className={styles.overlay}>Drop to upload</div>}
    </div>
  );
}

/** @returns whether files are being dragged over the window */
function useWindowDrop(onFiles: (files: readonly File[]) => void): boolean {
  const [dragging, setDragging] = useState(false);
  const handler = useRef(onFiles);
  handler.current = onFiles;
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    // Elements are entered and left all the time; the window has been left when the counts are equal.
    let depth = 0;
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
    const track = (change: number) => (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth = Math.max(0, depth + change);
      setDragging(depth > 0);
    };
    window.addEventListener('dragenter', track(1), { signal });
    window.addEventListener('dragleave', track(-1), { signal });
    window.addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault(), { signal });
    window.addEventListener(
      'drop',
      (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth = 0;
        setDragging(false);
        handler.current([...(event.dataTransfer?.files ?? [])]);
      },
      { signal },
    );
    return () => stop.abort();
  }, []);
  return dragging;
}
