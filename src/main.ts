/**
 * The Thena server: command line → settings → services → listen → drain. The only file that uses `process`.
 *
 *   node src/main.ts [--help]
 */
import { constants, hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { serversOf } from './cluster-settings.ts';
import { type Config, readConfig, SETTINGS } from './config.ts';
import type { Observe } from './events.ts';
import { countExternalMemory } from './external-memory.ts';
import { createLog } from './log.ts';
import { recordMetrics } from './metrics.ts';
import { type Services, startServices } from './services.ts';
import { SettingError } from './setting-error.ts';

/** How long requests and loads in progress may take after the first signal. */
const DRAIN_MS = 10_000;
const EXIT_FAILED = 1;
const EXIT_MISUSED = 2;

countExternalMemory(process.versions.node);
// Uploads are private: files are readable by their owner only. The engine process inherits this.
process.umask(0o077);
readCommandLine();
const config = loadConfig();
// The reader of the log may exit and the disk it is written to may be full: Thena continues without a log.
process.stdout.on('error', () => undefined);
const log = createLog({ level: config.logLevel, readable: process.stdout.isTTY, output: process.stdout });
const observe: Observe = (observation) => {
  log(observation);
  recordMetrics(observation);
};
// Also called for unhandled rejections. Acknowledged uploads are on disk and continue at the next start.
process.on('uncaughtException', (error) => {
  observe({ kind: 'crashed', error });
  process.exit(EXIT_FAILED);
});
const starting = start(config, observe);
stopWhenAsked(starting, observe);
const { url } = await starting;
const { auth, dataDir, nodeId, cluster } = config;
const servers = cluster && { node: nodeId, servers: serversOf(cluster) };
observe({ kind: 'listening', url, auth, dataDir, cluster: servers });
if (process.stdout.isTTY) process.stdout.write(welcome(url, config));

function readCommandLine(): void {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
    if (!values.help) return;
  } catch (error) {
    end(EXIT_MISUSED, `${(error as Error).message}. Thena is configured with environment variables; see --help.`);
  }
  const lines = Object.entries(SETTINGS).map(([name, { default: text, help }]) => `${name}=${text}\n    ${help}\n`);
  process.stdout.write(`Thena is configured with environment variables. Names and defaults:\n\n${lines.join('')}`);
  process.exit();
}

function loadConfig(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (error instanceof SettingError) end(EXIT_MISUSED, error.message);
    throw error;
  }
}

async function start(config: Config, observe: Observe): Promise<Services> {
  try {
    return await startServices(config, observe, { host: hostname(), pid: process.pid, isRunning });
  } catch (error) {
    if (error instanceof SettingError) end(EXIT_MISUSED, error.message);
    const { syscall, code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      const other = `THENA_PORT=${config.port + 1} npm start`;
      end(EXIT_FAILED, `Port ${config.port} is already in use. Stop the other program or use another port: ${other}`);
    }
    if (syscall !== 'listen' && syscall !== 'bind' && syscall !== 'getaddrinfo') throw error;
    const address = `THENA_HOST ${config.host}, THENA_PORT ${config.port}`;
    end(EXIT_FAILED, `Cannot listen on ${address}: ${message}.`);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * The first signal shuts down gracefully, the second one exits at once. A stop request from the launcher comes in addition to the
 * signal that the process group received, in either order, and never counts as the second one. A node also stops if others take
 * over what it has.
 */
function stopWhenAsked(starting: Promise<Services>, observe: Observe): void {
  let signalled = false;
  let stopping = false;
  const stop = async (cause: string, exitCode = 0): Promise<void> => {
    if (stopping) return;
    stopping = true;
    observe({ kind: 'stopping', signal: cause });
    setTimeout(() => {
      const error = new Error(`shutdown took longer than ${DRAIN_MS / 1000} s`);
      observe({ kind: 'background_failed', task: 'shutdown', error });
      process.exit(EXIT_FAILED);
    }, DRAIN_MS);
    const services = await starting;
    await services.close();
    observe({ kind: 'stopped' });
    process.exit(exitCode);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (signalled) process.exit(128 + constants.signals[signal]);
      signalled = true;
      void stop(signal);
    });
  }
  process.on('message', () => void stop('requested by the launcher'));
  process.on('disconnect', () => void stop('the launcher exited'));
  void starting
    .then(({ ended }) => ended)
    .then((why) => {
      observe({ kind: 'node_ended', nodeId: config.nodeId, why });
      void stop(`the node was ${why}`, EXIT_FAILED);
    });
}

/** Shown after the start on a terminal. */
function welcome(url: string, { auth, dataDir, cluster }: Config): string {
  const key = auth === 'keys' ? ` -H "Authorization: Bearer $THENA_ADMIN_KEY"` : '';
  return `
  Upload a file:  curl -X POST ${url}/api/v1/event/${key} --form 'file=@"events_data.csv"' --form 'customer_id="1000"'
  Analyze it:     curl -X POST ${url}/api/v1/analyze/${key} -H 'Content-Type: application/json' -d '{"customer_id":1000,"analyzer_type":10000}'
  API reference:  ${url}/docs
  Data:           ${cluster ? serversOf(cluster).join(', ') : dataDir}

  Press Ctrl-C to stop.

`;
}

function end(exitCode: number, message: string): never {
  process.stderr.write(`Thena: ${message}\n`);
  process.exit(exitCode);
}
