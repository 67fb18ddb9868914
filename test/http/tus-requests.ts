import { call, type Reply } from '../server.ts';

/** The requests of tus 1.0, one by one, as a client of the protocol sends them. */
export const TUS = { 'tus-resumable': '1.0.0' };

export type Headers = Readonly<Record<string, string>>;

export function metadataOf(fields: Headers): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

/** Begins a file; `headers` that are empty are left out. */
export function begin(url: string, length: number, fields: Headers, headers: Headers = {}): Promise<Reply> {
  const all = { ...TUS, 'upload-length': String(length), 'upload-metadata': metadataOf(fields), ...headers };
  return call(`${url}/api/v1/tus`, { method: 'POST', headers: given(all) });
}

export function send(address: string, offset: number, bytes: Buffer, headers: Headers = {}): Promise<Reply> {
  return call(address, {
    method: 'PATCH',
    body: new Uint8Array(bytes),
    headers: given({
      ...TUS,
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
      ...headers,
    }),
  });
}

export function ask(address: string, method = 'HEAD', headers: Headers = {}): Promise<Reply> {
  return call(address, { method, headers: { ...TUS, ...headers } });
}

export async function offsetOf(address: string): Promise<number> {
  const { status, headers } = await ask(address);
  if (status !== 200) throw new Error(`HEAD of ${address} answers ${status}`);
  return Number(headers.get('upload-offset'));
}

/** The id of a file, and of the upload that it becomes. */
export function idOf(address: string): string {
  return address.split('/').at(-1) ?? '';
}

function given(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
}
