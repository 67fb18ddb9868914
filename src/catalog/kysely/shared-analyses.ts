import type { Kysely } from 'kysely';
import type { SharedAnalyses } from '../shared-analyses.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';

export function sharedAnalysesIn(db: Kysely<CatalogTables>, now: CatalogClock): SharedAnalyses {
  return {
    saveAnalyses: (process, analyses, keepMs) =>
      db.transaction().execute(async (trx) => {
        const at = await now(trx);
        const rows =
          analyses.length === 0
            ? []
            : await trx
                .insertInto('running_analyses')
                .values(
                  analyses.map(({ customerId, id, name, startedAt, fractionDone }) => ({
                    process,
                    customer_id: customerId,
                    id,
                    name,
                    started_at: startedAt.getTime(),
                    fraction_done: fractionDone,
                    expires_at: at + keepMs,
                  })),
                )
                .onConflict((conflict) =>
                  conflict.columns(['customer_id', 'id', 'process']).doUpdateSet((eb) => ({
                    name: eb.ref('excluded.name'),
                    started_at: eb.ref('excluded.started_at'),
                    fraction_done: eb.ref('excluded.fraction_done'),
                    expires_at: eb.ref('excluded.expires_at'),
                    // The request was for an analysis that has ended, if its ID is used again.
                    is_cancelled: eb
                      .case()
                      .when('running_analyses.started_at', '=', eb.ref('excluded.started_at'))
                      .then(eb.ref('running_analyses.is_cancelled'))
                      .else(0)
                      .end(),
                  })),
                )
                .returning(['customer_id', 'id', 'is_cancelled'])
                .execute();
        // Those that were not saved again have ended; those of others whose time is over, too.
        await trx
          .deleteFrom('running_analyses')
          .where((eb) =>
            eb.or([
              eb('expires_at', '<=', at),
              eb.and([eb('process', '=', process), eb('expires_at', '<', at + keepMs)]),
            ]),
          )
          .execute();
        return rows
          .filter(({ is_cancelled }) => is_cancelled === 1)
          .map(({ customer_id, id }) => ({ customerId: customer_id, id }));
      }),
    async analysesOfOthers(process, customerId) {
      const rows = await db
        .selectFrom('running_analyses')
        .selectAll()
        .where('customer_id', '=', customerId)
        .where('process', '<>', process)
        .where('is_cancelled', '=', 0)
        .where('expires_at', '>', await now(db))
        .orderBy('started_at')
        .orderBy('id')
        .execute();
      return rows.map((row) => ({
        customerId: row.customer_id,
        id: row.id,
        name: row.name,
        startedAt: new Date(row.started_at),
        fractionDone: row.fraction_done,
      }));
    },
    async requestAnalysisCancel(process, customerId, id) {
      const { numUpdatedRows } = await db
        .updateTable('running_analyses')
        .set({ is_cancelled: 1 })
        .where('customer_id', '=', customerId)
        .where('id', '=', id)
        .where('process', '<>', process)
        .where('is_cancelled', '=', 0)
        .where('expires_at', '>', await now(db))
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },
  };
}
