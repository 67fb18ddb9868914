import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, ended, type RunningThena, startThena, upload } from '../server.ts';
import { begin, idOf, send } from './tus-requests.ts';

interface Event {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
  readonly data: any;
}

const CHUNK = Buffer.from('2024-01-01 00:00:00,1\n'.repeat(50_000));

describe('the progress of an upload', () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena();
  });
  after(() => thena.close());

  const get = (path: string) => call(`${thena.url}/api/v1${path}`);

  /** Sends a file until its upload is listed, and then nothing more. */
  async function beginUpload(customer: string) {
    const sender = request(`${thena.url}/api/v1/customers/${customer}/uploads`, { method: 'PUT' });
    sender.on('error', () => undefined);
    sender.write('at,n\n');
    for (let sent = 1; sent < 100; sent++) {
      sender.write(CHUNK);
      await sleep(20);
      const id = (await get(`/customers/${customer}/uploads`)).body.items?.[0]?.id;
      if (id) return { sender, id: id as string, rows: sent * 50_000 };
    }
    throw new Error('the upload was never listed');
  }

  async function* eventsOf(id: string): AsyncGenerator<Event> {
    const response = await fetch(`${thena.url}/api/v1/uploads/${id}/events`);
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
        text = text.slice(end + 2);
        yield { name, data: JSON.parse(data) };
      }
    }
  }

  it('is reported while the file is received and loaded, until the upload ends', async () => {
    const { sender, id, rows } = await beginUpload('follow');
    const seen: Event[] = [];
    for await (const event of eventsOf(id)) {
      seen.push(event);
      if (seen.length === 1) {
        const { progress, status } = event.data;
        assert.deepEqual([event.name, status, progress.fraction_done], ['progress', 'receiving', null]);
        assert.ok(progress.bytes_received > 8 * 1024 * 1024);
        sender.end(CHUNK);
      }
    }
    const last = seen.at(-1);
    assert.deepEqual([last?.name, last?.data.status, last?.data.progress], ['end', 'complete', null]);
    assert.equal(last?.data.receipt.appended, rows + 50_000);
    for (const { name, data } of seen.slice(0, -1)) {
      assert.equal(name, 'progress');
      assert.ok(data.progress.rows_read <= rows + 50_000);
    }
  });

  it('shows the rows that have been read while more arrive', async () => {
    const { sender, id } = await beginUpload('early');
    let rowsRead = 0;
    for (let tries = 0; rowsRead === 0 && tries < 500; tries++) {
      await sleep(20);
      rowsRead = (await get(`/uploads/${id}`)).body.progress.rows_read;
    }
    assert.ok(rowsRead > 0);
    sender.destroy();
  });

  it('never falls when the last bytes of a resumable file have arrived', async () => {
    const bytes = Buffer.concat([Buffer.from('at,n\n'), ...Array.from({ length: 24 }, () => CHUNK)]);
    const begun = await begin(thena.url, bytes.length, { customer_id: 'resumed' });
    const address = `${thena.url}${begun.headers.get('location')}`;
    const id = idOf(address);
    const half = Math.floor(bytes.length / 2);
    await send(address, 0, bytes.subarray(0, half));
    const sent = send(address, half, bytes.subarray(half));
    const seen: number[] = [];
    for (let isSending = true; isSending; ) {
      isSending = await Promise.race([sent.then(() => false), sleep(5, true)]);
      const { progress } = (await get(`/uploads/${id}`)).body;
      if (progress) seen.push(progress.bytes_received);
    }
    assert.ok(seen.length > 5, `${seen}`);
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.equal((await ended(thena.url, id)).status, 'complete');
  });

  it('of an upload that has ended is its end event', async () => {
    const { body } = await upload(thena.url, 'ended', 'a\n1\n');
    assert.equal(body.progress, null);
    const seen = await Array.fromAsync(eventsOf(body.id));
    assert.deepEqual(
      seen.map(({ name, data }) => [name, data.status]),
      [['end', 'complete']],
    );
  });

  it('ends with a gone event and the reason if the file is refused', async () => {
    const { sender, id } = await beginUpload('turns-bad');
    const seen: Event[] = [];
    for await (const event of eventsOf(id)) {
      seen.push(event);
      if (seen.length === 1) sender.end('2024-01-01,"never closed\n');
    }
    assert.deepEqual([seen.at(-1)?.name, seen.at(-1)?.data.code], ['problem', 'quote_not_closed']);
    assert.match(seen.at(-1)?.data.detail, /line/);
    assert.equal((await get(`/uploads/${id}`)).body.code, 'upload_not_found');
  });

  it('ends with a gone event and the reason if the client disconnects', async () => {
    const { sender, id } = await beginUpload('goes-away');
    const seen: Event[] = [];
    for await (const event of eventsOf(id)) {
      seen.push(event);
      if (seen.length === 1) sender.destroy();
    }
    assert.deepEqual([seen.at(-1)?.name, seen.at(-1)?.data.code], ['problem', 'upload_interrupted']);
  });

  it('does not keep the server from stopping', async () => {
    const other = await startThena();
    const sender = request(`${other.url}/api/v1/customers/stops/uploads`, { method: 'PUT' });
    sender.on('error', () => undefined);
    sender.write('at,n\n');
    let id: string | undefined;
    for (let tries = 0; !id && tries < 100; tries++) {
      sender.write(CHUNK);
      await sleep(20);
      id = (await call(`${other.url}/api/v1/customers/stops/uploads`)).body.items?.[0]?.id;
    }
    const response = await fetch(`${other.url}/api/v1/uploads/${id}/events`);
    const read = response.text().catch(() => 'cut');
    sender.destroy();
    await other.close();
    await read;
  });
});
