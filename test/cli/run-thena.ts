import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithThis } from '../../harness/end-with-this.ts';
import { inheritedVariables } from '../../harness/thena-process.ts';

export const THENA = fileURLToPath(new URL('../../cli/thena.mjs', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line of a user with a home of its own, and nothing of the machine's settings. */
export class User {
  readonly home = mkdtempSync(join(tmpdir(), 'thena-cli-'));
  readonly env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv = {}) {
    this.env = {
      ...inheritedVariables(),
      HOME: this.home,
      XDG_CONFIG_HOME: join(this.home, 'config'),
      XDG_STATE_HOME: join(this.home, 'state'),
      ...env,
    };
  }

  path(name: string): string {
    return join(this.home, name);
  }

  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    return endWithThis(spawn(process.execPath, [THENA, ...args], { cwd: this.home, env: { ...this.env, ...env } }));
  }

  /** Runs a command to its end. Its standard input is what is given, and never a terminal. */
  run(args: readonly string[], { input = '', env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
    return finished(this.start(args, env), input);
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

export function finished(child: ChildProcess, input = ''): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data) => {
    stdout += data;
  });
  child.stderr?.on('data', (data) => {
    stderr += data;
  });
  // A command that fails does not read its input.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
