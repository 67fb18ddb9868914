import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../src/metrics.ts';
import { newUploadId } from '../src/model/ids.ts';
import { customerId as customerIdOf } from './builders.ts';

const uploadId = newUploadId();
const customerId = customerIdOf('acme');

test('counts observations in metrics that Prometheus can read', async () => {
  const metrics = createMetrics();
  const request = { kind: 'request_answered', method: 'POST', route: '/api/v1/event/', requestId: 'r1' } as const;
  metrics.record({ ...request, status: 202, ms: 30 });
  metrics.record({ ...request, status: 202, ms: 3000 });
  metrics.record({ kind: 'upload_received', uploadId, customerId, bytes: 2048, records: 11, ms: 5 });
  metrics.record({ kind: 'upload_completed', uploadId, customerId, rows: 10, ms: 700 });
  metrics.record({ kind: 'upload_failed', uploadId, customerId, code: 'rows_rejected', detail: 'Line 2.' });
  metrics.record({ kind: 'upload_refused', uploadId, customerId: null, code: 'file_empty' });
  metrics.record({ kind: 'attempt_failed', uploadId, attempt: 1, error: new Error('x') });
  metrics.record({ kind: 'engine_stopped', pid: 1, cause: 'SIGSEGV', expected: false });
  metrics.record({ kind: 'engine_stopped', pid: 2, cause: 'closed', expected: true });
  metrics.record({ kind: 'engine_memory_exceeded', pid: 2, bytes: 900, limitBytes: 800 });
  const webhook = { webhookId: 'wh_1', customerId };
  const attempted = { kind: 'webhook_attempted', ...webhook, eventId: 'msg_1', status: 500, ms: 70 } as const;
  metrics.record({ ...attempted, verdict: 'retry' });
  metrics.record({ ...attempted, verdict: 'failed' });
  metrics.record({ kind: 'webhook_disabled', ...webhook, reason: 'failing' });
  metrics.record({ kind: 'background_failed', task: 'sweep', error: new Error('x') });

  const lines = (await metrics.text()).split('\n');
  for (const line of [
    'thena_http_requests_total{method="POST",route="/api/v1/event/",status="202"} 2',
    'thena_http_request_duration_seconds_bucket{le="0.05",method="POST",route="/api/v1/event/"} 1',
    'thena_http_request_duration_seconds_count{method="POST",route="/api/v1/event/"} 2',
    'thena_received_bytes_total 2048',
    'thena_ingested_rows_total 10',
    'thena_upload_duration_seconds_count 1',
    'thena_uploads_total{outcome="completed",code=""} 1',
    'thena_uploads_total{outcome="failed",code="rows_rejected"} 1',
    'thena_uploads_total{outcome="refused",code="file_empty"} 1',
    'thena_upload_failed_attempts_total 1',
    'thena_engine_crashes_total 1',
    'thena_engine_memory_exceeded_total 1',
    'thena_engine_resident_memory_bytes 0',
    'thena_webhook_attempts_total{verdict="retry"} 1',
    'thena_webhook_attempts_total{verdict="failed"} 1',
    'thena_webhook_duration_seconds_bucket{le="0.1"} 2',
    'thena_webhooks_disabled_total{reason="failing"} 1',
    'thena_background_failures_total{task="sweep"} 1',
  ]) {
    assert.ok(lines.includes(line), `${line} is missing`);
  }
  assert.ok(lines.some((line) => line.startsWith('process_resident_memory_bytes ')));
});

test('shows the memory of the engine process while it is running', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async () => {
  const metrics = createMetrics();
  const memory = async (): Promise<number> =>
    Number(/^thena_engine_resident_memory_bytes (\d+)$/m.exec(await metrics.text())?.[1]);
  metrics.record({ kind: 'engine_started', pid: process.pid });
  assert.ok((await memory()) > 10_000_000);
  metrics.record({ kind: 'engine_stopped', pid: process.pid, cause: 'closed', expected: true });
  assert.equal(await memory(), 0);
});

test('names no customer and no upload in metrics, because their number is unbounded', async () => {
  const metrics = createMetrics();
  metrics.record({ kind: 'upload_completed', uploadId, customerId, rows: 10, ms: 700 });
  const text = await metrics.text();
  assert.ok(!text.includes(customerId) && !text.includes(uploadId));
});
