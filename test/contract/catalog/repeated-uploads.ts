import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { customerId, receptionOf } from '../../builders.ts';
import { type CatalogUnderTest, ERROR, fileOf, leaseOf, OPTIONS } from './catalog-under-test.ts';

export function repeatedUploadsContract(t: CatalogUnderTest): void {
  describe('a repeated upload', () => {
    it('finds the upload of the same customer and API key that used its idempotency key first', async () => {
      const idempotencyKey = 'k';
      const first = await t.receiving('a', { idempotencyKey });
      assert.equal(await t.catalog.findByIdempotencyKey(customerId('a'), null, 'k'), null, 'not acknowledged yet');
      await t.acknowledged(first.id, fileOf('aa'));
      const second = await t.receiving('a', { idempotencyKey });
      const again = await t.catalog.markReceived(receptionOf(second.id), fileOf('bb'));
      assert.deepEqual([again.kind, again.kind === 'key_used' && again.earlier.id], ['key_used', first.id]);
      assert.equal((await t.catalog.findByIdempotencyKey(customerId('a'), null, 'k'))?.id, first.id);
      for (const keyId of ['one', 'two']) {
        await t.addKey('a', keyId);
        const sent = await t.receiving('a', { idempotencyKey, keyId });
        assert.equal((await t.catalog.markReceived(receptionOf(sent.id), fileOf('aa'))).kind, 'received');
        assert.equal((await t.catalog.findByIdempotencyKey(customerId('a'), keyId, 'k'))?.id, sent.id);
        const repeated = await t.receiving('a', { idempotencyKey, keyId });
        assert.equal((await t.catalog.markReceived(receptionOf(repeated.id), fileOf('aa'))).kind, 'key_used');
      }
      const other = await t.receiving('b', { idempotencyKey });
      assert.equal((await t.catalog.markReceived(receptionOf(other.id), fileOf('aa'))).kind, 'received');
    });

    it('names an earlier upload with the same bytes, or is refused because of it', async () => {
      const first = await t.received('a', fileOf('aa'));
      const second = await t.received('a', fileOf('aa'));
      assert.equal(second.duplicateOf?.id, first.id);
      const digest = first.file?.sha256 ?? '';
      assert.equal((await t.catalog.findSameBytes(customerId('a'), digest))?.id, second.id);
      assert.equal(await t.catalog.findSameBytes(customerId('b'), digest), null, 'of another customer');
      const third = await t.receiving('a', { options: { ...OPTIONS, duplicates: 'reject' } });
      assert.equal((await t.catalog.markReceived(receptionOf(third.id), fileOf('aa'))).kind, 'duplicate');
      assert.equal(await t.statusOf(third.id), 'receiving');
      for (const { id } of [first, second]) assert.equal(await t.catalog.cancelUpload(id), true);
      assert.equal(await t.catalog.findSameBytes(customerId('a'), digest), null);
      const outcome = await t.catalog.markReceived(receptionOf(third.id), fileOf('aa'));
      assert.equal(outcome.kind, 'received', 'cancelled uploads do not count');
    });

    it('can use the bytes of a failed upload until their retention ends', async () => {
      const { id } = await t.received('a');
      const outcome = { kind: 'failed', error: ERROR, keepBytesMs: 1000 } as const;
      await t.catalog.endAttempt({ ...leaseOf(await t.claimed()), outcome });
      assert.deepEqual(await t.catalog.keptFailures('all'), [id]);
      assert.deepEqual(await t.catalog.keptFailures('expired'), []);
      t.clock += 1000;
      assert.deepEqual(await t.catalog.keptFailures('expired'), [id]);
      await t.catalog.endRetention(id);
      assert.deepEqual(await t.catalog.keptFailures('all'), []);
      assert.equal((await t.catalog.findUpload(id))?.retryUntil, null);
    });

    it('replaces a failed upload once', async () => {
      const { id: retryOf } = await t.received('a');
      const outcome = { kind: 'failed', error: ERROR, keepBytesMs: 1000 } as const;
      await t.catalog.endAttempt({ ...leaseOf(await t.claimed()), outcome });
      const retries = [await t.receiving('a', { retryOf }), await t.receiving('a', { retryOf })];
      const [first, second] = await Promise.all(
        retries.map(({ id }) => t.catalog.markReceived(receptionOf(id), fileOf('aa'))),
      );
      assert.deepEqual([first?.kind, second?.kind].toSorted(), ['not_retryable', 'received']);
      assert.equal((await t.catalog.findUpload(retryOf))?.retryUntil, null);
      const unfinished = await t.catalog.uploadsInStatus(['received', 'receiving']);
      assert.deepEqual(unfinished.map(({ status }) => status).toSorted(), ['received', 'receiving']);
    });
  });
}
