import { ChevronDown, ChevronRight, TriangleAlert, X } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { type ChosenFile, type Decisions, isReady } from '../data/choosing/chosen-file.ts';
import { chosenFiles } from '../data/choosing/chosen-files.ts';
import type { Preview } from '../data/choosing/preview.ts';
import { useUpload, useUploads } from '../data/uploads.ts';
import { Ago } from '../design/ago.tsx';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { bytes, count, counted } from '../design/figures.ts';
import { ProblemBox } from '../design/problem-box.tsx';
import styles from './chosen.module.css';
import { PreviewGuesses, PreviewQuestions } from './preview-questions.tsx';
import { PreviewTable } from './preview-table.tsx';
import { ReadingOptions } from './reading-options.tsx';

/** A file before it is uploaded: as the server reads its start, what is open, and what can be changed. */
export function ChosenCard({ chosen, alone }: { readonly chosen: ChosenFile; readonly alone: boolean }) {
  const { key, file, preview, problem, reading, options } = chosen;
  const [opened, setOpened] = useState<boolean | null>(null);
  const open = opened ?? alone;
  const decide = (decisions: Decisions): void => chosenFiles.decide(key, decisions);
  return (
    <article className={styles.card} aria-label={file.name} aria-busy={reading}>
      <div className={styles.head}>
        <Button
          look="quiet"
          size="small"
          icon
          aria-expanded={open}
          aria-label={`Details of ${file.name}`}
          onClick={() => setOpened(!open)}
        >
          {open ? <ChevronDown aria-hidden /> : <ChevronRight aria-hidden />}
        </Button>
        <span className={styles.name}>
          {file.name} <span className={styles.soft}>{bytes(file.size)}</span>
        </span>
        <span className={styles.actions}>
          <State chosen={chosen} />
          <Button look="primary" size="small" disabled={!isReady(chosen)} onClick={() => chosenFiles.upload(key)}>
            Upload<span className={styles.unseen}> {file.name}</span>
          </Button>
          <Button
            look="quiet"
            size="small"
            icon
            aria-label={`Remove ${file.name}`}
            onClick={() => chosenFiles.remove(key)}
          >
            <X aria-hidden />
          </Button>
        </span>
      </div>
      {problem && (
        <ProblemBox
          problem={problem}
          actions={
            <Button size="small" onClick={() => chosenFiles.readAgain(key)}>
              Try again
            </Button>
          }
        />
      )}
      {preview && <Concerns chosen={chosen} preview={preview} />}
      {preview && <PreviewQuestions preview={preview} onDecide={decide} />}
      {open && preview && <PreviewTable preview={preview} filename={file.name} />}
      {open && preview && <PreviewGuesses preview={preview} options={options} onDecide={decide} />}
      {(open || problem) && <ReadingOptions options={options} onChange={decide} />}
    </article>
  );
}

function State({ chosen: { reading, preview, problem } }: { readonly chosen: ChosenFile }) {
  if (reading) return <Badge tone="still">Reading …</Badge>;
  if (problem) return <Badge tone="bad">Cannot be uploaded</Badge>;
  if (!preview) return null;
  if (preview.questions.length > 0) return <Badge tone="warn">{counted(preview.questions.length, 'question')}</Badge>;
  if (!preview.table.matches) return <Badge tone="bad">Other columns</Badge>;
  if (preview.rejected_rows > 0)
    return (
      <Badge tone="warn">
        {count(preview.rejected_rows)} {preview.rejected_rows === 1 ? 'row does' : 'rows do'} not fit
      </Badge>
    );
  return <Badge tone="good">{preview.table.exists ? 'Fits the table' : 'Creates the table'}</Badge>;
}

/** What the user should know before uploading. */
function Concerns({ chosen, preview }: { readonly chosen: ChosenFile; readonly preview: Preview }) {
  const { table, warnings, rejected, rejected_rows, duplicate_of, rows_read } = preview;
  const first = rejected[0];
  return (
    <ul className={styles.concerns}>
      {!table.matches && (
        <Concern>
          The columns differ from those of the table.
          {table.missing.length > 0 && ` Missing: ${table.missing.join(', ')}.`}
          {table.extra.length > 0 && ` Not in the table: ${table.extra.join(', ')}.`} Rename them in the file, or choose
          another customer.
        </Concern>
      )}
      {duplicate_of && (
        <Concern>
          <Duplicate customerId={chosen.customerId} earlier={duplicate_of} />
        </Concern>
      )}
      {!preview.complete && <Namesake chosen={chosen} />}
      {first && rejected_rows > 0 && (
        <Concern>
          {count(rejected_rows)} of {preview.complete ? '' : 'the first '}
          {counted(rows_read, 'row')} {rejected_rows === 1 ? 'does' : 'do'} not fit: line {first.line}
          {first.column !== null && `, column '${first.column}'`}: “{first.text}” {first.message}.{' '}
          {chosen.options.on_error === 'skip'
            ? 'They will be left out, and can be fixed afterwards.'
            : 'The file will not be loaded unless such rows are left out.'}{' '}
          {chosen.options.on_error !== 'skip' && (
            <Button size="small" onClick={() => chosenFiles.decide(chosen.key, { on_error: 'skip' })}>
              Load the other rows
            </Button>
          )}
        </Concern>
      )}
      {warnings.map((text) => (
        <Concern key={text}>{text}</Concern>
      ))}
    </ul>
  );
}

function Concern({ children }: { readonly children: React.ReactNode }) {
  return (
    <li>
      <TriangleAlert aria-label="Warning" />
      <span>{children}</span>
    </li>
  );
}

function Duplicate({
  customerId,
  earlier,
}: {
  readonly customerId: string;
  readonly earlier: { readonly id: string; readonly created_at: string };
}) {
  const { data } = useUpload(earlier.id);
  return (
    <>
      The same file was uploaded before:{' '}
      <Link href={`/c/${customerId}/uploads/${earlier.id}`}>{data?.filename ?? 'earlier upload'}</Link>{' '}
      <Ago at={earlier.created_at} />. Uploading it again adds its rows a second time.
    </>
  );
}

/** Of a large file, only the start was sent: whether it is a duplicate is known when it has been uploaded, and guessed by its name. */
function Namesake({ chosen: { customerId, file } }: { readonly chosen: ChosenFile }) {
  const { data } = useUploads(customerId);
  const earlier = data?.pages
    .flatMap(({ items }) => items)
    .find(({ status, filename, bytes: size }) => status === 'complete' && filename === file.name && size === file.size);
  if (!earlier) return null;
  return (
    <Concern>
      A file of this name and size was uploaded before:{' '}
      <Link href={`/c/${customerId}/uploads/${earlier.id}`}>{file.name}</Link> <Ago at={earlier.created_at} />. If it is
      the same, its rows are added a second time.
    </Concern>
  );
}
