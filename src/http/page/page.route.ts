import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../errors.ts';
import { type PageFile, readPageFiles } from './page-files.ts';

export interface PageDeps {
  /** The folder of the built page. */
  readonly pageDirectory: string;
}

/** Addresses of the page: its screens are chosen in the browser. */
const PAGE_PATHS = ['/', '/c/:id', '/c/:id/*'];

/**
 * Scripts and styles come from this server only, and none stand in the page. Scripts cannot turn text into markup or code (Trusted
 * Types), so that a cell of a file stays text. Images may be drawn by the page, such as a chart to be saved.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const NOT_BUILT = `The web page is not built. The API works: see /docs.

npm start builds the page and serves it here. To build it without starting Thena: npm run build:page
`;

/** `/`, the addresses of all screens, and `/assets/{name}`. */
export function pageRoutes({ pageDirectory }: PageDeps): FastifyPluginAsync {
  return async (app) => {
    const files = await readPageFiles(pageDirectory);
    const page = files.get('index.html');
    const options = { config: { right: 'public' }, schema: { hide: true } } as const;

    for (const path of PAGE_PATHS) {
      app.get(path, options, (request, reply) => {
        if (!page) return reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT);
        reply.headers({
          'content-security-policy': CONTENT_SECURITY_POLICY,
          'cross-origin-opener-policy': 'same-origin',
          // The page names the assets of its build, so it is checked every time.
          'cache-control': 'no-cache',
        });
        return send(page, request, reply);
      });
    }

    app.get<{ Params: { name: string } }>('/assets/:name', options, (request, reply) => {
      const { name } = request.params;
      const file = files.get(`assets/${name}`);
      if (!file) throw new Problem('not_found', `The page has no file ${name.slice(0, 200)}.`);
      // The name contains a hash of the content.
      reply.header('cache-control', 'public, max-age=31536000, immutable');
      return send(file, request, reply);
    });
  };
}

function send(file: PageFile, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.headers({ etag: file.etag, vary: 'accept-encoding' }).type(file.type);
  if (headers['if-none-match']?.includes(file.etag)) return reply.code(304).send();
  const accepted = String(headers['accept-encoding'] ?? '');
  for (const encoding of ['br', 'gzip'] as const) {
    const content = file[encoding];
    if (content && accepts(accepted, encoding)) return reply.header('content-encoding', encoding).send(content);
  }
  return reply.send(file.identity);
}

/** Whether an Accept-Encoding header names an encoding, and not with the weight 0. */
function accepts(header: string, encoding: string): boolean {
  return header.split(',').some((item) => {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    return name === encoding && !parameters.some((each) => /^q=0(\.0*)?$/.test(each));
  });
}
