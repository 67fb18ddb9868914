import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where the system keeps settings of programs (XDG Base Directory Specification; %APPDATA% on Windows). */
export function configFolder(env: NodeJS.ProcessEnv): string {
  if (env.XDG_CONFIG_HOME) return join(env.XDG_CONFIG_HOME, 'thena');
  if (process.platform === 'win32') return join(env.APPDATA ?? homedir(), 'thena');
  if (process.platform === 'darwin') return join(homedir(), 'Library/Application Support/thena');
  return join(env.HOME ?? homedir(), '.config/thena');
}

/** Where the system keeps what programs remember of their work. */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, 'thena');
  if (process.platform === 'win32') return join(env.LOCALAPPDATA ?? homedir(), 'thena');
  if (process.platform === 'darwin') return join(homedir(), 'Library/Application Support/thena');
  return join(env.HOME ?? homedir(), '.local/state/thena');
}

/** Writes a file that only its owner may read; never half of it. */
export function writePrivateFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomUUID()}`;
  try {
    // A new file: one that someone else has put there would have other readers, or be a link to somewhere else.
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
