/** Copies a text to the clipboard. Browsers have the newer interface only where the page came over https or from this machine. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement('textarea');
  field.value = text;
  // Inside an open dialog, which keeps the focus.
  (document.activeElement?.parentElement ?? document.body).append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}
