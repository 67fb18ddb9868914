import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SavedAnalysis } from '../../../src/catalog/shared-analyses.ts';
import { customerId } from '../../builders.ts';
import type { CatalogUnderTest } from './catalog-under-test.ts';

const KEEP_MS = 1_000;
const CUSTOMER = customerId('a');

export function sharedAnalysesContract(t: CatalogUnderTest): void {
  describe('what other processes know of a running analysis', () => {
    const analysis = (id: string, change: Partial<SavedAnalysis> = {}): SavedAnalysis => ({
      customerId: CUSTOMER,
      id,
      name: 'query',
      startedAt: new Date(t.clock),
      fractionDone: null,
      ...change,
    });
    const save = (process: string, ...analyses: readonly SavedAnalysis[]) =>
      t.catalog.saveAnalyses(process, analyses, KEEP_MS);
    const idsFor = async (process: string) => (await t.catalog.analysesOfOthers(process, CUSTOMER)).map(({ id }) => id);

    it('is what its process saved last, and nothing that has ended since', async () => {
      const first = analysis('1', { startedAt: new Date(t.clock - 5) });
      assert.deepEqual(await save('p', first, analysis('2'), analysis('3', { customerId: customerId('b') })), []);
      await save('q', analysis('4', { startedAt: new Date(t.clock - 9), name: 'profile' }));
      assert.deepEqual(await idsFor('r'), ['4', '1', '2']);
      assert.deepEqual(await idsFor('p'), ['4']);
      t.clock += 10;
      await save('p', { ...first, fractionDone: 0.25 });
      const elsewhere = await t.connect();
      const [, now, ...others] = await elsewhere.analysesOfOthers('r', CUSTOMER);
      assert.deepEqual([now, others], [{ ...first, fractionDone: 0.25 }, []]);
      assert.deepEqual(await elsewhere.analysesOfOthers('r', customerId('b')), []);
      t.clock += 10;
      await save('p');
      assert.deepEqual(await idsFor('r'), ['4']);
    });

    it('is forgotten if its process is gone', async () => {
      await save('p', analysis('1'));
      t.clock += KEEP_MS;
      assert.deepEqual(await idsFor('r'), []);
      assert.equal(await t.catalog.requestAnalysisCancel('r', CUSTOMER, '1'), false);
      await save('q', analysis('2'));
      t.clock -= KEEP_MS;
      assert.deepEqual(await idsFor('r'), ['2'], 'it is still in the catalog');
    });

    it('is the request to cancel it, which its process gets with its next save', async () => {
      await save('p', analysis('1'), analysis('2'));
      assert.equal(await t.catalog.requestAnalysisCancel('r', customerId('b'), '1'), false);
      assert.equal(await t.catalog.requestAnalysisCancel('r', CUSTOMER, '3'), false);
      assert.equal(await t.catalog.requestAnalysisCancel('p', CUSTOMER, '1'), false, 'it does not run anywhere else');
      assert.equal(await t.catalog.requestAnalysisCancel('r', CUSTOMER, '1'), true);
      assert.equal(await t.catalog.requestAnalysisCancel('r', CUSTOMER, '1'), false, 'it is cancelled already');
      assert.deepEqual(await idsFor('r'), ['2']);
      t.clock += 10;
      const startedAt = new Date(t.clock - 10);
      const saved = await save('p', analysis('1', { startedAt }), analysis('2', { startedAt }));
      assert.deepEqual(saved, [{ customerId: CUSTOMER, id: '1' }]);
    });

    it('is not that of an earlier one with the same ID', async () => {
      await save('p', analysis('1'));
      await t.catalog.requestAnalysisCancel('r', CUSTOMER, '1');
      t.clock += 10;
      const next = analysis('1', { name: 'profile', fractionDone: 0.5 });
      assert.deepEqual(await save('p', next), []);
      assert.deepEqual(await t.catalog.analysesOfOthers('r', CUSTOMER), [next]);
      assert.equal(await t.catalog.requestAnalysisCancel('r', CUSTOMER, '1'), true);
    });
  });
}
