import { type IncomingHttpHeaders, request } from 'node:http';

export interface RawReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** JSON if the response says so, else text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
  readonly body: any;
}

interface RawRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends exactly these headers; fetch does not allow those that only a browser may set. */
export function rawRequest(url: string, { method = 'GET', headers = {}, body }: RawRequest = {}): Promise<RawReply> {
  const { promise, resolve, reject } = Promise.withResolvers<RawReply>();
  const sent = request(url, { method, headers, agent: false }, async (response) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      const isJson = /[/+]json/.test(response.headers['content-type'] ?? '') && bytes.length > 0;
      const text = bytes.toString();
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        bytes,
        body: isJson ? JSON.parse(text) : text,
      });
    } catch (error) {
      reject(error);
    }
  });
  sent.once('error', reject).end(body);
  return promise;
}
