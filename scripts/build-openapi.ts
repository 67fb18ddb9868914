/**
 * Writes docs/openapi.json: the OpenAPI document of a server that requires API keys.
 *
 *   npm run build:openapi
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../src/config.ts';
import { startServices } from '../src/services.ts';

const FILE = fileURLToPath(new URL('../docs/openapi.json', import.meta.url));

const dataDir = mkdtempSync(join(tmpdir(), 'thena-openapi-'));
try {
  const settings = { THENA_PORT: '0', THENA_DATA_DIR: dataDir, THENA_ADMIN_KEY: 'only-for-the-document' };
  const services = await startServices(readConfig(settings), () => undefined);
  const response = await fetch(`${services.url}/openapi.json`);
  writeFileSync(FILE, `${JSON.stringify(await response.json(), null, 2)}\n`);
  await services.close();
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
