import { chosenFiles } from '../data/choosing/chosen-files.ts';
import { ChosenList } from './chosen-list.tsx';
import { FileDrop } from './file-drop.tsx';
import { SendingList } from './sending-list.tsx';

/** Where files come in: chosen, shown as the server reads them, and sent. */
export function UploadArea({ customerId }: { readonly customerId: string }) {
  return (
    <>
      <FileDrop onFiles={(files) => chosenFiles.add(customerId, files)} />
      <ChosenList customerId={customerId} />
      <SendingList customerId={customerId} />
    </>
  );
}
