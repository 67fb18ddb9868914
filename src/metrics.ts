import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Observation, Observe } from './events.ts';
import { residentBytes } from './resident-memory.ts';

export interface Metrics {
  /** Counts an observation. */
  readonly record: Observe;
  /** @returns all metrics in the Prometheus text format 0.0.4 */
  text(): Promise<string>;
}

/** Records observations as counters and histograms. Label values are closed sets: never a customer, an upload or a path. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'thena_http_requests_total',
    help: 'HTTP requests, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'thena_http_request_duration_seconds',
    help: 'Time from the start of a request to the end of its response.',
    labelNames: ['method', 'route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  });
  const uploads = new Counter({
    name: 'thena_uploads_total',
    help: 'Finished uploads, by outcome (completed, failed, refused, cancelled, undone) and error code.',
    labelNames: ['outcome', 'code'],
    registers,
  });
  const uploadSeconds = new Histogram({
    name: 'thena_upload_duration_seconds',
    help: 'Load time of completed uploads.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600],
    registers,
  });
  const failedAttempts = new Counter({
    name: 'thena_upload_failed_attempts_total',
    help: 'Failed load attempts, including those that were retried.',
    registers,
  });
  const rows = new Counter({ name: 'thena_ingested_rows_total', help: 'Rows appended to tables.', registers });
  const bytes = new Counter({
    name: 'thena_received_bytes_total',
    help: 'Bytes of completely received files, after decompression.',
    registers,
  });
  const loadsHeld = new Gauge({
    name: 'thena_loads_held',
    help: '1 while loads are paused because disk space is low, otherwise 0.',
    registers,
  });
  const engineStops = new Counter({
    name: 'thena_engine_crashes_total',
    help: 'Unexpected exits of the engine process.',
    registers,
  });
  const engineMemoryExceeded = new Counter({
    name: 'thena_engine_memory_exceeded_total',
    help: 'How often the engine process was killed because it exceeded its memory limit.',
    registers,
  });
  let enginePid: number | null = null;
  new Gauge({
    name: 'thena_engine_resident_memory_bytes',
    help: 'Resident memory of the engine process, on Linux; 0 while it is not running.',
    registers,
    collect() {
      this.set((enginePid !== null && residentBytes(enginePid)) || 0);
    },
  });
  const webhookAttempts = new Counter({
    name: 'thena_webhook_attempts_total',
    help: 'Requests to webhooks, by what they mean for the delivery (delivered, retry, failed, gone).',
    labelNames: ['verdict'],
    registers,
  });
  const webhookSeconds = new Histogram({
    name: 'thena_webhook_duration_seconds',
    help: 'Response time of webhooks.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const webhooksDisabled = new Counter({
    name: 'thena_webhooks_disabled_total',
    help: 'Webhooks that were disabled because their receiver was gone or failed for days.',
    labelNames: ['reason'],
    registers,
  });
  const backgroundFailures = new Counter({
    name: 'thena_background_failures_total',
    help: 'Failed background tasks.',
    labelNames: ['task'],
    registers,
  });
  collectDefaultMetrics({ register: registry });

  const record = (observation: Observation): void => {
    switch (observation.kind) {
      case 'request_answered': {
        const { method, route, status, ms } = observation;
        requests.inc({ method, route, status });
        requestSeconds.observe({ method, route }, ms / 1000);
        return;
      }
      case 'upload_received':
        bytes.inc(observation.bytes);
        return;
      case 'upload_refused':
        uploads.inc({ outcome: 'refused', code: observation.code });
        return;
      case 'loads_held':
      case 'loads_resumed':
        loadsHeld.set(observation.kind === 'loads_held' ? 1 : 0);
        return;
      case 'upload_completed':
        uploads.inc({ outcome: 'completed', code: '' });
        uploadSeconds.observe(observation.ms / 1000);
        rows.inc(observation.rows);
        return;
      case 'upload_failed':
        uploads.inc({ outcome: 'failed', code: observation.code });
        return;
      case 'upload_cancelled':
        uploads.inc({ outcome: 'cancelled', code: '' });
        return;
      case 'upload_undone':
        uploads.inc({ outcome: 'undone', code: '' });
        return;
      case 'attempt_failed':
        failedAttempts.inc();
        return;
      case 'engine_started':
        enginePid = observation.pid;
        return;
      case 'engine_stopped':
        enginePid = null;
        if (!observation.expected) engineStops.inc();
        return;
      case 'engine_memory_exceeded':
        engineMemoryExceeded.inc();
        return;
      case 'webhook_attempted':
        webhookAttempts.inc({ verdict: observation.verdict });
        webhookSeconds.observe(observation.ms / 1000);
        return;
      case 'webhook_disabled':
        webhooksDisabled.inc({ reason: observation.reason });
        return;
      case 'background_failed':
        backgroundFailures.inc({ task: observation.task });
        return;
      default:
    }
  };
  return { record, text: () => registry.metrics() };
}

/** The metrics of this process. */
export const { record: recordMetrics, text: metricsText } = createMetrics();
