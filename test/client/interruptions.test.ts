import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createClient } from '../../client/create-client.ts';
import { openFile } from '../../client/open-file.ts';
import { isProblem, ServerUnreachable } from '../../client/thena-problem.ts';
import type { UploadProgress } from '../../client/upload-file-options.ts';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';

const ROWS = 400_000;
const FILE = new File(
  [`n,name\n${Array.from({ length: ROWS }, (_, index) => `${index},a name that fills the file`).join('\n')}\n`],
  'long.csv',
);

let folder: string;
let thena: ThenaProcess;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thena-interruptions-'));
  thena = await startThenaProcess(folder);
});

afterEach(async () => {
  await thena.end('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function restart(): Promise<void> {
  thena = await startThenaProcess(folder, [], { THENA_PORT: new URL(thena.url).port });
}

test('an upload continues after the server was killed and restarted', async () => {
  const client = createClient({ url: thena.url });
  const seen: UploadProgress[] = [];
  let restarted: Promise<void> | null = null;
  const sent = client.upload('1000', FILE, {
    onProgress(progress) {
      seen.push(progress);
      if (restarted === null && progress.sent > FILE.size / 4) restarted = thena.end('SIGKILL').then(restart);
    },
  });
  const [upload] = await Promise.allSettled([sent]);
  await restarted;
  assert.equal(upload.status, 'fulfilled');
  const interrupted = seen.findIndex(({ interruption }) => interruption !== null);
  assert.ok(interrupted > 0, 'the upload was not interrupted');
  assert.ok(seen[interrupted]?.interruption?.error instanceof ServerUnreachable);
  assert.ok((seen.find(({ sent }, index) => index > interrupted && sent > 0)?.sent ?? 0) > FILE.size / 4);
  assert.equal(seen.at(-1)?.sent, FILE.size);
  assert.equal((await client.waitForEnd(upload.value.id)).receipt?.appended, ROWS);
});

test('an upload is continued by another client, and never with another file', async () => {
  const client = createClient({ url: thena.url });
  const stop = new AbortController();
  let id = '';
  await assert.rejects(
    client.upload('1000', FILE, {
      signal: stop.signal,
      onCreated: (created) => {
        id = created;
      },
      onProgress: ({ sent }) => sent > 0 && stop.abort(new Error('Ctrl-C')),
    }),
    /Ctrl-C/,
  );
  assert.equal((await client.getUpload(id)).status, 'receiving');
  await assert.rejects(client.upload('1000', new Blob(['n,name\n1,a\n']), { resume: id }), RangeError);
  let first = 0;
  const again = await createClient({ url: thena.url }).upload('1000', FILE, {
    resume: id,
    onProgress: ({ sent }) => {
      first ||= sent;
    },
  });
  assert.ok(first > 0, 'it started over');
  assert.equal(again.id, id);
  assert.equal((await client.waitForEnd(id)).receipt?.appended, ROWS);
  // The response to the last bytes may have been lost, or the process ended before it came.
  assert.equal((await client.upload('1000', FILE, { resume: id })).id, id);
  await assert.rejects(client.upload('1000', FILE, { resume: '00000000-0000-4000-8000-000000000000' }), (error) =>
    isProblem(error, 'upload_not_found'),
  );
});

test('a file that is no CSV is refused at its end, and not sent again', async () => {
  const client = createClient({ url: thena.url });
  const zeros = new Blob([new Uint8Array(1000)]);
  await assert.rejects(client.upload('1000', zeros, { resumable: true }), (error) => isProblem(error, 'not_csv'));
  await assert.rejects(client.upload('1000', zeros), (error) => isProblem(error, 'not_csv'));
  await assert.rejects(client.upload('1000', new Blob([])), (error) => isProblem(error, 'file_empty'));
});

test('a file that changes while it is sent is not read further', async () => {
  const client = createClient({ url: thena.url });
  const path = join(folder, 'changing.csv');
  await writeFile(path, new Uint8Array(await FILE.arrayBuffer()));
  let changed: Promise<void> | null = null;
  const upload = client.upload('1000', await openFile(path), {
    resumable: true,
    onProgress({ sent }) {
      if (sent > 0) changed ??= writeFile(path, 'n,name\n1,another file\n');
    },
  });
  await assert.rejects(upload, { name: 'NotReadableError' });
  assert.ok(changed);
});

test('waits for the end of an upload through a restart of the server', async () => {
  const client = createClient({ url: thena.url });
  const { id } = await client.upload('1000', FILE);
  const states: string[] = [];
  const ended = client.waitForEnd(id, { onConnection: (state) => states.push(state) });
  // Until it is awaited.
  ended.catch(() => undefined);
  await thena.end('SIGKILL');
  await restart();
  assert.equal((await ended).receipt?.appended, ROWS);
  assert.deepEqual([states.includes('lost'), states.at(-1)], [true, 'open']);
});

test('gives up on a server that stays away, with the reason', async () => {
  const client = createClient({ url: thena.url });
  await thena.end('SIGKILL');
  for (const resumable of [true, false]) {
    await assert.rejects(client.upload('1000', FILE, { resumable, giveUpAfterMs: 500 }), ServerUnreachable);
  }
});
