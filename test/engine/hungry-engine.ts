import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Makes every engine process that this process starts hungry, see `hungry.ts`. It is otherwise the real one.
 *
 * @returns a function that ends this
 */
export function makeEnginesHungry(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'thena-hungry-'));
  const node = process.execPath;
  const hungry = fileURLToPath(new URL('./hungry.ts', import.meta.url));
  const wrapper = join(folder, 'node');
  writeFileSync(wrapper, `#!/bin/sh\nexec '${node}' --import '${hungry}' "$@"\n`, { mode: 0o700 });
  process.execPath = wrapper;
  return () => {
    process.execPath = node;
    rmSync(folder, { recursive: true });
  };
}
