import { useId } from 'react';
import type { FileOptions } from '../../src/api/upload-options.ts';
import type { Decisions } from '../data/choosing/chosen-file.ts';
import type { Preview, PreviewGuess, PreviewQuestion } from '../data/choosing/preview.ts';
import { Button } from '../design/button.tsx';
import styles from './chosen.module.css';

export interface PreviewQuestionsProps {
  readonly preview: Preview;
  readonly onDecide: (decisions: Decisions) => void;
}

/** What can be read in several ways: each way is a button, with what it makes of a value of the file. */
export function PreviewQuestions({ preview: { questions }, onDecide }: PreviewQuestionsProps) {
  return questions.map((question) => (
    <Question key={`${question.option} ${question.column}`} question={question} onDecide={onDecide} chosen={null} />
  ));
}

/** What the server has assumed without proof, and the user has not decided. */
export function PreviewGuesses({
  preview: { guesses },
  options,
  onDecide,
}: PreviewQuestionsProps & { readonly options: FileOptions }) {
  const open = guesses.filter(({ option }) => !(option in options));
  if (open.length === 0) return null;
  return (
    <div className={styles.guesses}>
      {open.map((guess) => (
        <Question key={`${guess.option} ${guess.column}`} question={guess} onDecide={onDecide} chosen={guess.chosen} />
      ))}
    </div>
  );
}

const QUESTIONS: Readonly<Record<PreviewQuestion['option'], string>> = {
  header: 'Does the first line have the column names?',
  delimiter: 'What separates the fields?',
  encoding: 'Which encoding does the file have?',
  decimal: 'What is the decimal mark?',
  date_order: 'What comes first in its dates?',
  time_zone: 'In which time zone are its times?',
};

/** Choices that are hard to see. */
const MARKS: Readonly<Record<string, string>> = {
  ',': 'Comma',
  ';': 'Semicolon',
  '|': 'Vertical bar',
  '\t': 'Tab',
  tab: 'Tab',
};

interface QuestionProps {
  readonly question: PreviewQuestion | PreviewGuess;
  /** What the server has assumed; null: it does not go on without an answer. */
  readonly chosen: string | null;
  readonly onDecide: (decisions: Decisions) => void;
}

function Question({ question: { column, option, choices, line }, chosen, onDecide }: QuestionProps) {
  const legend = useId();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in a row.
    <div role="group" aria-labelledby={legend} className={chosen === null ? styles.question : styles.guess}>
      <p id={legend} className={styles.legend}>
        {column !== null && <span className={styles.column}>{column}: </span>}
        {QUESTIONS[option]}
        {chosen !== null && <span className={styles.soft}> Assumed</span>}
      </p>
      <div className={styles.choices}>
        {[...choices, ...ownZone(option, choices)].map(({ value, reading, example_text, example_value }) => (
          <Button
            key={value}
            className={styles.choice}
            {...(chosen !== null && { 'aria-pressed': value === chosen })}
            onClick={() => onDecide({ [option]: option === 'header' ? value === 'true' : value })}
          >
            <span className={styles.reading}>{MARKS[value] ?? capital(reading)}</span>
            <span className={styles.example}>
              {example_text && `${example_text} → `}
              {example_value}
              {example_text && column !== null && ` (line ${line})`}
            </span>
          </Button>
        ))}
      </div>
    </div>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Times without an offset are often those of the place where the user is. */
function ownZone(option: PreviewQuestion['option'], choices: PreviewQuestion['choices']): PreviewQuestion['choices'] {
  const value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (option !== 'time_zone' || choices.some((choice) => choice.value === value)) return [];
  return [{ value, reading: value, example_text: '', example_value: 'the time zone of this browser' }];
}
