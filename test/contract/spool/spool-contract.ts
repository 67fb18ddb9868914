import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { CsvSegment } from '../../../src/csv/segment.ts';
import { Problem } from '../../../src/errors.ts';
import type { SpooledUpload, SpoolPlace } from '../../../src/ingest/spool/spool.ts';
import { newUploadId, type UploadId } from '../../../src/model/ids.ts';

/** Where a spool is, for one test. */
export interface PlaceUnderTest {
  /** Opens the place as another process, of the same node or another. */
  open(instance: string): Promise<SpoolPlace>;
  /** Names of everything that is kept there, relative to it. */
  names(): readonly string[];
  /** Loses something of it. */
  lose(name: string): void;
  remove(): Promise<void>;
}

const NOTHING = { records: 0, lines: 0, quotedLineFeeds: 0 };

/** Writes segments of an upload; each text is a segment of its own. */
export async function write(place: SpoolPlace, uploadId: UploadId, texts: readonly string[]): Promise<SpooledUpload> {
  const writer = await place.spool.create(uploadId);
  const cutter = { ...NOTHING, textAfterQuotes: false, takeShapes: () => [], takeIrregular: () => false };
  for (const each of texts) {
    const bytes = Buffer.from(each);
    await writer.write(bytes, bytes.length, NOTHING, cutter);
  }
  const segments = await writer.end(cutter);
  const named = (segment: CsvSegment) => `${basename(dirname(segment.path))}/${basename(segment.path)}`;
  return { id: uploadId, file: { segments: segments.map((segment) => ({ ...segment, path: named(segment) })) } };
}

export async function read(place: SpoolPlace, upload: SpooledUpload): Promise<string> {
  const release = await place.spool.hold(upload);
  const texts = place.spool.locate(upload.file?.segments ?? []).map(({ path }) => readFileSync(path, 'utf8'));
  release();
  return texts.join('');
}

/** @returns the code of the problem that a promise is rejected with */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const failure = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(failure instanceof Problem, `no problem: ${failure}`);
  return failure.code;
}

function writeDurably(path: string, content: string): void {
  const file = openSync(path, 'w');
  writeSync(file, content);
  fsyncSync(file);
  closeSync(file);
}

/** A segment is complete at 8 MiB at the latest: the first of two. */
const LONG = `${'x'.repeat(8 * 1024 * 1024)}\n`;

/** Defines the tests that every place of the spool must pass. @param make called before every test */
export function spoolContract(name: string, make: () => Promise<PlaceUnderTest>, skip: string | null = null): void {
  describe(`the spool in ${name}`, { skip: skip ?? false }, () => {
    let under: PlaceUnderTest;
    let a: SpoolPlace;
    /** Another process: of another node if the place is shared, else a later one. */
    let b: SpoolPlace;
    const [first, second] = [randomUUID(), randomUUID()];
    const onlySecondRuns = async (instance: string): Promise<boolean> => instance === second;
    beforeEach(async () => {
      under = await make();
      a = await under.open(first);
      b = await under.open(second);
    });
    afterEach(async () => {
      a.close();
      b.close();
      await under.remove();
    });

    it('keeps its identity, for every process', async () => {
      for (const place of [a, b]) assert.equal(await place.identity(), null);
      await a.writeIdentity('0123');
      for (const place of [a, b]) assert.equal(await place.identity(), '0123');
      assert.deepEqual(under.names(), ['identity']);
    });

    it('gives the segments of an upload to the process that received them, and to any other', async () => {
      const upload = await write(a, newUploadId(), [LONG, 'a,b\n']);
      assert.equal(upload.file?.segments.length, 2);
      for (const place of [a, b]) assert.equal(await read(place, upload), `${LONG}a,b\n`);
    });

    it('removes the segments of an upload in any process, and says so to one that asks for them', async () => {
      const upload = await write(a, newUploadId(), ['a\n']);
      const other = await write(a, newUploadId(), ['b\n']);
      await b.spool.remove(upload);
      assert.equal(await codeOf(b.spool.hold(upload)), 'upload_bytes_missing');
      assert.equal(await read(b, other), 'b\n');
      await b.spool.remove(upload);
      assert.equal(under.names().filter((each) => each.startsWith('spool/')).length, 1);
    });

    it('says so if one of several segments is missing', async () => {
      const upload = await write(a, newUploadId(), [LONG, 'b\n']);
      const [segment] = upload.file?.segments ?? [];
      under.lose(`spool/${segment?.path}`);
      assert.equal(await codeOf(b.spool.hold(upload)), 'upload_bytes_missing');
    });

    it('keeps the segments of two processes that receive the same upload apart', async () => {
      const id = newUploadId();
      const [one, other] = [await write(a, id, ['1\n']), await write(b, id, ['2\n'])];
      await a.spool.remove({ id, file: null });
      assert.equal(await read(b, other), '2\n');
      assert.equal(await codeOf(b.spool.hold(one)), 'upload_bytes_missing');
    });

    it('removes the segments that nobody needs, and keeps the others', async () => {
      const needed = await write(a, newUploadId(), ['1\n']);
      const unneeded = await write(a, newUploadId(), ['2\n']);
      const received = await write(b, newUploadId(), ['3\n']);
      await b.spool.removeUnneeded(
        async ({ uploadId, instance }) => uploadId === needed.id || onlySecondRuns(instance),
      );
      assert.equal(await read(b, needed), '1\n');
      assert.equal(await read(b, received), '3\n');
      assert.equal(await codeOf(b.spool.hold(unneeded)), 'upload_bytes_missing');
    });

    it('removes what is left of a file whose reception was abandoned', async () => {
      const id = newUploadId();
      const writer = await a.spool.create(id);
      await writer.write(Buffer.from('a\n'), 2, NOTHING, {
        ...NOTHING,
        textAfterQuotes: false,
        takeShapes: () => [],
        takeIrregular: () => false,
      });
      await writer.abandon();
      await a.spool.remove({ id, file: null });
      assert.deepEqual(under.names(), []);
    });

    it('gives the rejected rows of an upload to any process, and replaces them as a whole', async () => {
      const id = newUploadId();
      assert.equal(await b.rejectFiles.open(id, 'list'), null);
      for (const [list, csv] of [
        ['{"line":2}\n{"line":3}\n', 'a,b\n1,2\n3,4\n'],
        ['{"line":9}\n', 'a,b\n9,9\n'],
      ] as const) {
        const draft = a.rejectFiles.draft(id);
        writeDurably(draft.list, list);
        writeDurably(draft.csv, csv);
        await a.rejectFiles.publish(id);
        for (const place of [a, b]) {
          const file = await place.rejectFiles.open(id, 'list');
          assert.equal(file?.bytes, list.length);
          assert.equal(String(await file?.read(1, 6)), list.slice(1, 7));
          assert.equal(String(await file?.read(list.length - 2, 100)), '}\n');
          assert.equal(String(await file?.read(list.length, 100)), '');
          await file?.close();
          const rows = await place.rejectFiles.open(id, 'csv');
          assert.equal(rows && (await text(rows.stream())), csv);
        }
      }
      await b.rejectFiles.remove(id);
      assert.equal(await a.rejectFiles.open(id, 'csv'), null);
      assert.deepEqual(under.names(), []);
    });

    it('removes the rejected rows of uploads that no longer exist, and the drafts of processes that died', async () => {
      const [kept, gone, drafted] = [newUploadId(), newUploadId(), newUploadId()];
      for (const id of [kept, gone, drafted]) {
        for (const path of Object.values(a.rejectFiles.draft(id))) writeDurably(path, 'x\n');
        if (id !== drafted) await a.rejectFiles.publish(id);
      }
      await b.rejectFiles.removeUnneeded(async (id) => id !== gone, onlySecondRuns);
      assert.deepEqual(under.names().toSorted(), [`rejects/${kept}.csv`, `rejects/${kept}.ndjson`]);
    });

    it('keeps the chunks of a resumable file for any process until the file is removed', async () => {
      const id = newUploadId();
      for (const [index, place] of [a, b].entries()) {
        writeDurably(await place.chunks.draft(id, `chunk-${index}`, index), `text ${index}`);
        await place.chunks.store(id, `chunk-${index}`);
      }
      for (const place of [a, b]) {
        assert.equal(await text(place.chunks.read(id, 'chunk-0')), 'text 0');
        assert.equal(await text(place.chunks.read(id, 'chunk-1')), 'text 1');
        assert.equal(await codeOf(text(place.chunks.read(id, 'chunk-2'))), 'upload_bytes_missing');
      }
      await a.chunks.discard(id, 'chunk-1');
      assert.equal(await codeOf(text(b.chunks.read(id, 'chunk-1'))), 'upload_bytes_missing');
      const other = newUploadId();
      writeDurably(await b.chunks.draft(other, 'chunk', 0), 'x');
      await b.chunks.store(other, 'chunk');
      await a.chunks.removeUnneeded(async (each) => each === other);
      assert.deepEqual(
        under
          .names()
          .filter((each) => each !== `resumable/${id}`)
          .map((each) => each.split('/')[1]),
        [other],
      );
      await b.chunks.remove(other);
      assert.deepEqual(under.names(), []);
    });
  });
}
