import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { UsageError } from './exit-codes.ts';
import { configFolder, writePrivateFile } from './user-folders.ts';

export const DEFAULT_URL = 'http://127.0.0.1:8000';

/** The content of the config file, which `thena login` writes. */
export interface SavedLogin {
  readonly url: string;
  readonly key: string | null;
  readonly customer: string | null;
}

/** Options of every command. */
export interface GlobalFlags {
  readonly url?: string;
  readonly keyFile?: string;
  readonly customer?: string;
  readonly json?: boolean;
}

export interface Settings {
  /** Without a trailing slash. */
  readonly url: string;
  readonly key: string | null;
  readonly customer: string | null;
  /** Where the key was found, for `doctor`. */
  readonly keyFrom: string;
  readonly urlFrom: string;
}

export function configPath(env: NodeJS.ProcessEnv): string {
  return join(configFolder(env), 'config.json');
}

/** Flags over environment variables over the config file. A saved key is only for the server that it was saved for. */
export async function readSettings(flags: GlobalFlags, env: NodeJS.ProcessEnv): Promise<Settings> {
  const path = configPath(env);
  const saved = readSavedLogin(path);
  const [url, urlFrom] = flags.url
    ? [flags.url, '--url']
    : env.THENA_URL
      ? [env.THENA_URL, 'THENA_URL']
      : saved
        ? [saved.url, path]
        : [DEFAULT_URL, 'default'];
  const server = normalUrl(url);
  const login = saved && normalUrl(saved.url) === server ? saved : null;
  const [key, keyFrom] = flags.keyFile
    ? [await readKeyFile(flags.keyFile), '--key-file']
    : env.THENA_KEY
      ? [env.THENA_KEY.trim(), 'THENA_KEY']
      : [login?.key ?? null, login?.key ? path : 'none'];
  const customer = flags.customer ?? (env.THENA_CUSTOMER || login?.customer) ?? null;
  return { url: server, urlFrom, key, keyFrom, customer };
}

/** @throws UsageError */
export function normalUrl(url: string): string {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`;
  if (!URL.canParse(full) || !/^https?:$/.test(new URL(full).protocol)) {
    throw new UsageError(`'${url}' is not the address of a server, such as ${DEFAULT_URL}.`);
  }
  const { origin, pathname } = new URL(full);
  return origin + pathname.replace(/\/+$/, '');
}

/** Whether others on the way to a server can read what is sent to it. */
export function isInClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

/** @param path `-`: standard input. @throws UsageError */
async function readKeyFile(path: string): Promise<string> {
  try {
    const key = (path === '-' ? await text(process.stdin) : readFileSync(path, 'utf8')).trim();
    if (key === '' || /\s/.test(key)) throw new UsageError(`${path} does not contain a key.`);
    return key;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`Cannot read the key: ${(error as Error).message}.`);
  }
}

/** @throws UsageError */
export function readSavedLogin(path: string): SavedLogin | null {
  try {
    const { url, key = null, customer = null } = JSON.parse(readFileSync(path, 'utf8')) as Partial<SavedLogin>;
    if (typeof url === 'string') return { url, key, customer };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new UsageError(`Cannot read ${path}: ${(error as Error).message}. Run \`thena login\` to write it again.`);
  }
  throw new UsageError(`${path} has no url. Run \`thena login\` to write it again.`);
}

export function saveLogin(path: string, login: SavedLogin): void {
  writePrivateFile(path, `${JSON.stringify(login, null, 2)}\n`);
}

/** Whether other users of the machine can read a file. */
export function isReadableByOthers(path: string): boolean {
  return process.platform !== 'win32' && ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0;
}
