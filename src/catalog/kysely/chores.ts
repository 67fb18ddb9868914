import type { Kysely } from 'kysely';
import type { Chores } from '../chores.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';

export function choresIn(db: Kysely<CatalogTables>, now: CatalogClock): Chores {
  return {
    async takeChore(name, everyMs) {
      const at = await now(db);
      const taken = await db
        .insertInto('chores')
        .values({ name, begun_at: at })
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet({ begun_at: at })
            // Or the clock of the database was set back.
            .where((eb) => eb.or([eb('chores.begun_at', '<=', at - everyMs), eb('chores.begun_at', '>', at)])),
        )
        .returning('name')
        .executeTakeFirst();
      return taken !== undefined;
    },
  };
}
