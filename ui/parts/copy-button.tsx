import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { copyText } from '../data/copy-text.ts';
import { Button } from '../design/button.tsx';

/** Copies a text to the clipboard, and says so. */
export function CopyButton({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  const [copied, setCopied] = useState<string | null>(null);
  const isCopied = copied === text;
  return (
    <Button
      size="small"
      aria-label={label}
      onClick={async () => {
        if (await copyText(text)) setCopied(text);
      }}
    >
      {isCopied ? <Check aria-hidden /> : <Copy aria-hidden />}
      <span aria-live="polite">{isCopied ? 'Copied' : 'Copy'}</span>
    </Button>
  );
}
