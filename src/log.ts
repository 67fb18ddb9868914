import { type DestinationStream, type LevelWithSilentOrString, pino } from 'pino';
import type { Observation, Observe } from './events.ts';

type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

interface Line {
  readonly level: Level;
  /** Complete without the fields: on a terminal only this is shown. */
  readonly message: string;
  readonly error?: Error;
}

/** Values may contain quotation marks and line feeds: what is quoted ends at the last mark of its kind, or with the message. */
const QUOTED = /(['"`]).*\1|(?<!\w)['"`].*$/gs;

/** Polled by monitoring every few seconds. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

export interface LogOptions {
  readonly level: LevelWithSilentOrString;
  /** Human-readable lines for a terminal instead of one JSON object per line. */
  readonly readable: boolean;
  readonly output: DestinationStream;
}

/**
 * Renders observations as log lines.
 *
 * API keys and the contents of files are never logged: a failed upload is logged with its error code (the detail may quote a
 * row and is available from the API), and quoted text is removed from the messages of unexpected errors.
 */
export function createLog({ level, readable, output }: LogOptions): Observe {
  const log = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    readable ? { write: (json) => output.write(readableLine(json)) } : output,
  );
  return (observation) => {
    const { level: lineLevel, message, error } = describe(observation);
    const { kind } = observation;
    log[lineLevel]({ kind, ...fields(observation), ...(error && { error: describeError(error) }) }, message);
  };
}

function describe(observation: Observation): Line {
  switch (observation.kind) {
    case 'listening': {
      const { url, cluster } = observation;
      const where = cluster === null ? '' : `, as node ${cluster.node} of ${cluster.servers.join(', ')}`;
      return { level: 'info', message: `Thena is ready at ${url}${where}` };
    }
    case 'stopping':
      return { level: 'info', message: `Stopping (${observation.signal})` };
    case 'stopped':
      return { level: 'info', message: 'Stopped' };
    case 'node_died':
      return { level: 'warn', message: `Node ${observation.nodeId} has died: its uploads are taken over` };
    case 'node_waits': {
      const { nodeId, process } = observation;
      const which = process === null ? 'another process' : `process ${process.pid} on ${process.host}`;
      return { level: 'warn', message: `Waiting for the end of ${which}, which is node ${nodeId}` };
    }
    case 'node_ended':
      return { level: 'error', message: endOf(observation) };
    case 'engine_started':
      return { level: 'debug', message: `Engine started (process ${observation.pid})` };
    case 'engine_stopped':
      return {
        level: observation.expected ? 'debug' : 'error',
        message: `Engine process ${observation.pid} stopped: ${observation.cause}`,
      };
    case 'engine_memory_exceeded': {
      const { pid, bytes, limitBytes } = observation;
      return {
        level: 'warn',
        message: `Engine process ${pid} took ${bytes} bytes of memory and was killed: its limit is ${limitBytes}`,
      };
    }
    case 'upload_received': {
      const { uploadId, customerId, records, bytes, ms } = observation;
      return {
        level: 'info',
        message: `Upload ${uploadId} of customer ${customerId} received: ${records} records, ${bytes} bytes in ${Math.round(ms)} ms`,
      };
    }
    case 'upload_refused': {
      const { uploadId, customerId, code } = observation;
      const whose = customerId === null ? '' : ` of customer ${customerId}`;
      return { level: 'info', message: `Upload ${uploadId}${whose} refused: ${code}` };
    }
    case 'stray_table_dropped': {
      const { customerId, tableId } = observation;
      return {
        level: 'warn',
        message: `Dropped the table ${customerId}_${tableId}, which had no rows and was nobody's`,
      };
    }
    case 'loads_held':
      return { level: 'warn', message: 'Low disk space: loads are paused' };
    case 'loads_resumed':
      return { level: 'info', message: 'Disk space is available again: loads are resumed' };
    case 'upload_completed': {
      const { uploadId, customerId, rows, ms } = observation;
      return {
        level: 'info',
        message: `Upload ${uploadId} of customer ${customerId} complete: ${rows} rows in ${Math.round(ms)} ms`,
      };
    }
    case 'upload_failed': {
      const { uploadId, customerId, code } = observation;
      return { level: 'warn', message: `Upload ${uploadId} of customer ${customerId} failed: ${code}` };
    }
    case 'upload_cancelled':
    case 'upload_undone': {
      const { kind, uploadId, customerId } = observation;
      return {
        level: 'info',
        message: `Upload ${uploadId} of customer ${customerId} ${kind === 'upload_undone' ? 'undone' : 'cancelled'}`,
      };
    }
    case 'webhook_attempted': {
      const { webhookId, eventId, verdict, status, ms } = observation;
      const response = status === null ? 'no response' : `status ${status}`;
      return {
        level: verdict === 'delivered' ? 'debug' : 'info',
        message: `Event ${eventId} to webhook ${webhookId}: ${response} in ${Math.round(ms)} ms (${verdict})`,
      };
    }
    case 'webhook_disabled': {
      const { webhookId, customerId, reason } = observation;
      const cause = reason === 'gone' ? 'its receiver wants no more events' : 'all attempts have failed for days';
      return { level: 'warn', message: `Webhook ${webhookId} of customer ${customerId} disabled: ${cause}` };
    }
    case 'attempt_failed': {
      const { uploadId, attempt, error } = observation;
      return { level: 'warn', message: `Load attempt ${attempt} of upload ${uploadId} failed`, error };
    }
    case 'background_failed':
      return { level: 'error', message: `Background task failed: ${observation.task}`, error: observation.error };
    case 'request_answered': {
      const { method, route, status, ms } = observation;
      return {
        level: PROBES.has(route) && status < 500 ? 'debug' : 'info',
        message: `${method} ${route} ${status} in ${Math.round(ms)} ms`,
      };
    }
    case 'request_failed':
      return { level: 'error', message: `Request ${observation.requestId} failed`, error: observation.error };
    case 'crashed':
      return { level: 'fatal', message: 'Unexpected error: Thena stops', error: observation.error };
  }
}

/** The fields of an observation, except those that may quote a file. */
function fields(observation: Observation): Readonly<Record<string, unknown>> {
  const { kind: _, ...all } = observation;
  const hidden: ReadonlySet<string> = new Set(['error', 'detail']);
  return Object.fromEntries(Object.entries(all).filter(([name]) => !hidden.has(name)));
}

function describeError(error: Error): Readonly<Record<string, unknown>> {
  const { code, syscall } = error as NodeJS.ErrnoException;
  // A failed system call quotes a path. DuckDB and ClickHouse quote values and, after the first line, whole rows.
  const shown = syscall === undefined ? error.message.replace(QUOTED, '…') : error.message;
  const [message] = shown.split('\n', 1);
  const frames = error.stack?.match(/^ {4}at .*$/gm)?.map((frame) => frame.trim());
  const cause = error.cause instanceof Error ? describeError(error.cause) : undefined;
  return { name: error.name, code, message, at: frames, cause };
}

/** Renders a JSON line as `time message`, with the level unless it is `info`, and the error. */
function readableLine(json: string): string {
  const { level, time, msg, error } = JSON.parse(json);
  const label = pino.levels.labels[level];
  const failure = error
    ? `: ${error.name}: ${error.message}${(error.at ?? []).map((at: string) => `\n    ${at}`).join('')}`
    : '';
  return `${new Date(time).toTimeString().slice(0, 8)} ${label === 'info' ? '' : `${label}: `}${msg}${failure}\n`;
}

function endOf({ nodeId, why }: Extract<Observation, { readonly kind: 'node_ended' }>): string {
  return why === 'replaced'
    ? `Another process was started as node ${nodeId}, and this one stops. Each node needs a THENA_NODE_ID of its own`
    : `Node ${nodeId} was not seen for too long, and others take over its uploads: it stops, and can be started again`;
}
