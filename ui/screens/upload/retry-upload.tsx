import { useState } from 'react';
import { useLocation } from 'wouter';
import type { FileOptions } from '../../../src/api/upload-options.ts';
import type { Upload } from '../../../src/api/uploads.ts';
import type { Decisions } from '../../data/choosing/chosen-file.ts';
import { problemIn } from '../../data/problem-in.ts';
import { useRetryUpload } from '../../data/uploads.ts';
import { Button } from '../../design/button.tsx';
import { moment } from '../../design/figures.ts';
import { Panel } from '../../design/panel.tsx';
import { ProblemBox } from '../../design/problem-box.tsx';
import { ReadingOptions } from '../../parts/reading-options.tsx';
import styles from './upload.module.css';

/** Loads the bytes of a failed upload again, read in another way. The file is not sent again. */
export function RetryUpload({ upload }: { readonly upload: Upload }) {
  const [options, setOptions] = useState<FileOptions>({});
  const [, navigate] = useLocation();
  const retry = useRetryUpload();
  const { corrects: _, ...given } = options;
  const decide = (decisions: Decisions): void => {
    const decided = Object.entries({ ...options, ...decisions }).filter(([, value]) => value !== undefined);
    setOptions(Object.fromEntries(decided));
  };
  return (
    <Panel title="Try again">
      <div className={styles.retry}>
        <p>
          The server has the file{upload.retry_until && ` until ${moment(upload.retry_until)}`}, so it need not be sent
          again. Choose how it is read, and load it.
        </p>
        <ReadingOptions options={options} onChange={decide} open={upload.error?.code === 'ambiguous_values'} />
        {retry.error && <ProblemBox problem={problemIn(retry.error)} />}
        <div>
          <Button
            look="primary"
            disabled={retry.isPending}
            onClick={() =>
              retry.mutate(
                { id: upload.id, options: given },
                { onSuccess: ({ id, customer_id }) => navigate(`/c/${customer_id}/uploads/${id}`) },
              )
            }
          >
            Load it again
          </Button>
        </div>
      </div>
    </Panel>
  );
}
