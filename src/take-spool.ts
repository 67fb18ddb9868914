import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Catalog } from './catalog/catalog.ts';
import { type ClusterSettings, withoutSecrets } from './cluster-settings.ts';
import type { SpoolPlace } from './ingest/spool/spool.ts';
import { SettingError } from './setting-error.ts';

/** How long another node may take between recording the identity of a new spool and writing it there. */
const WRITTEN_MS = 3_000;
const PAUSE_MS = 100;

/**
 * Makes sure that the spool is the one of all nodes of the catalog. A node with a folder that is not mounted, or with another one, would load none of the
 * uploads that others have received: all that it claims would fail. The first node gives a new spool its identity.
 *
 * @throws SettingError if it is another one
 */
export async function takeSpool(
  catalog: Catalog,
  place: Pick<SpoolPlace, 'identity' | 'writeIdentity'>,
  { spoolUrl, databaseUrl }: Pick<ClusterSettings, 'spoolUrl' | 'databaseUrl'>,
): Promise<void> {
  for (const until = performance.now() + WRITTEN_MS; ; await wait(PAUSE_MS)) {
    const known = await catalog.knownSpool();
    const found = await place.identity();
    if (found !== null && found === known) return;
    if (found === null && known === null) {
      const made = randomBytes(8).toString('hex');
      if ((await catalog.recordSpool(made)) === made) return place.writeIdentity(made);
    } else if (found !== null || performance.now() > until) {
      const why =
        found === null
          ? 'it has no identity. Is it mounted at this node'
          : 'it belongs to another catalog. Is the address right';
      throw new SettingError(
        `${withoutSecrets(spoolUrl)} (THENA_SPOOL_URL) is not the spool of the catalog ${withoutSecrets(databaseUrl)} (THENA_DATABASE_URL): ${why}? See "Identity of the spool" in docs/cluster.md.`,
      );
    }
  }
}
