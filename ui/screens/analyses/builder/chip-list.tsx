import { Plus } from 'lucide-react';
import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { Button } from '../../../design/button.tsx';
import { Popover } from '../../../design/popover.tsx';
import styles from './builder.module.css';

export interface ChipListProps<Item> {
  readonly label: string;
  /** What one is called, such as `measure`. */
  readonly noun: string;
  readonly items: readonly Item[];
  readonly describe: (item: Item) => string;
  readonly newItem: () => Item;
  /** The fields of one. */
  readonly fields: (item: Item, set: (item: Item) => void) => ReactNode;
  readonly onChange: (items: readonly Item[]) => void;
  readonly children?: ReactNode;
}

/** Parts of a query as chips: each opens a small form. */
export function ChipList<Item>({ label, noun, items, describe, onChange, children, ...editing }: ChipListProps<Item>) {
  const id = useId();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields, these are buttons.
    <div className={styles.part} role="group" aria-labelledby={id}>
      <span id={id} className={styles.partLabel}>
        {label}
      </span>
      <div className={styles.chips}>
        {items.map((item, index) => (
          <Chip
            // biome-ignore lint/suspicious/noArrayIndexKey: parts of a query have no identity but their place.
            key={index}
            {...editing}
            noun={noun}
            item={item}
            text={describe(item)}
            onSave={(saved) => onChange(items.map((each, place) => (place === index ? saved : each)))}
            onRemove={() => onChange(items.filter((_, place) => place !== index))}
          />
        ))}
        <Chip
          {...editing}
          noun={noun}
          item={null}
          text={`Add ${noun}`}
          onSave={(saved) => onChange([...items, saved])}
        />
        {children}
      </div>
    </div>
  );
}

interface ChipProps<Item> extends Pick<ChipListProps<Item>, 'noun' | 'newItem' | 'fields'> {
  /** Null: to be added. */
  readonly item: Item | null;
  readonly text: string;
  readonly onSave: (item: Item) => void;
  readonly onRemove?: () => void;
}

function Chip<Item>({ noun, item, text, newItem, fields, onSave, onRemove }: ChipProps<Item>) {
  const [open, setOpen] = useState(false);
  const [draft, setDraft] = useState<Item | null>(null);
  const change = (opens: boolean): void => {
    setOpen(opens);
    if (opens) setDraft(item ?? newItem());
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    if (draft !== null) onSave(draft);
    setOpen(false);
  };
  return (
    <Popover
      open={open}
      onOpenChange={change}
      title={item === null ? `Add ${noun}` : `Edit ${noun}`}
      trigger={
        <Button size="small" className={item === null ? styles.add : styles.chip} title={text}>
          {item === null && <Plus aria-hidden />}
          <span className={styles.chipText}>{text}</span>
        </Button>
      }
    >
      <form className={styles.fields} onSubmit={submit}>
        {draft !== null && fields(draft, setDraft)}
        <div className={styles.actions}>
          {onRemove && (
            <Button
              size="small"
              onClick={() => {
                setOpen(false);
                onRemove();
              }}
            >
              Remove
            </Button>
          )}
          <Button size="small" look="primary" type="submit">
            {item === null ? 'Add' : 'Done'}
          </Button>
        </div>
      </form>
    </Popover>
  );
}
