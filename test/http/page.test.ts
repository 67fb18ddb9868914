import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import fastify from 'fastify';
import { pageRoutes } from '../../src/http/page/page.route.ts';
import { call, type RunningThena, startThena } from '../server.ts';

let thena: RunningThena;
let assets: string[];

before(async () => {
  thena = await startThena();
  const { body } = await call(thena.url);
  assets = [...body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
});
after(() => thena.close());

test('serves the page at / and at the addresses of its screens', async () => {
  const first = await call(thena.url);
  assert.equal(first.status, 200);
  assert.equal(first.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(first.body, /<div id="root">/);
  for (const path of ['/c/1000', '/c/1000/uploads', '/c/1000/uploads/0198', '/c/%3Cscript%3E/table']) {
    const { status, body } = await call(thena.url + path);
    assert.deepEqual([status, body === first.body], [200, true], path);
  }
});

test('serves the page with a strict Content-Security-Policy, and no script or style in it', async () => {
  const { headers, body } = await call(thena.url);
  const policy = headers.get('content-security-policy')?.split('; ') ?? [];
  for (const directive of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ]) {
    assert(policy.includes(directive), directive);
  }
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('referrer-policy'), 'no-referrer');
  assert.doesNotMatch(body, /<style|style=|<script(?![^>]* src=)|\son\w+=/);
});

test('lets browsers keep the assets for ever, and check the page every time', async () => {
  assert(assets.length >= 2);
  for (const path of assets) {
    const { status, headers } = await call(thena.url + path);
    assert.equal(status, 200, path);
    assert.equal(headers.get('cache-control'), 'public, max-age=31536000, immutable', path);
    assert.match(headers.get('content-type') ?? '', /^(text\/(javascript|css); charset=utf-8|image\/svg\+xml)$/, path);
  }
  const page = await call(thena.url);
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  const etag = page.headers.get('etag') ?? '';
  const again = await call(thena.url, { headers: { 'if-none-match': etag } });
  assert.deepEqual([again.status, again.body], [304, '']);
});

test('sends assets compressed to clients that accept it', async () => {
  const script = assets.find((path) => path.endsWith('.js')) ?? '';
  const plain = await received(thena.url + script, undefined);
  assert.equal(plain.encoding, undefined);
  const decoders = { br: brotliDecompressSync, gzip: gunzipSync };
  for (const [accepted, expected] of [
    ['gzip, deflate, br, zstd', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['gzip;q=0.5', 'gzip'],
  ] as const) {
    const { encoding, content } = await received(thena.url + script, accepted);
    assert.equal(encoding, expected, accepted);
    assert(content.length < plain.content.length / 2, accepted);
    assert(decoders[expected](content).equals(plain.content), accepted);
  }
  assert.equal((await received(thena.url + script, 'br;q=0, deflate')).encoding, undefined);
});

test('serves nothing but the built files', async () => {
  for (const path of [
    '/assets/',
    '/assets/none.js',
    '/assets/../index.html',
    '/assets/%2e%2e/sources.sha256',
    '/assets/..%2f..%2f..%2fpackage.json',
    '/assets/....//....//package.json',
    '/index.html',
    '/c',
    '/c/',
    '/elsewhere',
  ]) {
    const { status, body } = await call(thena.url + path);
    assert.deepEqual([status, body.code], [404, 'not_found'], path);
  }
  assert.equal((await call(`${thena.url}/c/1000`, { method: 'POST' })).status, 405);
});

test('says what to do if the page is not built', async () => {
  const app = fastify();
  await app.register(pageRoutes({ pageDirectory: '/nonexistent' }));
  const { statusCode, body } = await app.inject('/');
  assert.equal(statusCode, 503);
  assert.match(body, /npm run build:page/);
});

test('serves the build that it started with', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thena-page-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), 'first');
  await writeFile(join(folder, 'assets/a.js'), 'first');
  const app = fastify();
  await app.register(pageRoutes({ pageDirectory: folder }));
  await app.ready();
  await rm(folder, { recursive: true });
  assert.equal((await app.inject('/')).body, 'first');
  assert.equal((await app.inject('/assets/a.js')).body, 'first');
});

/** What the server sends; `fetch` would decompress it. */
function received(
  url: string,
  accepted: string | undefined,
): Promise<{ readonly encoding: string | undefined; readonly content: Buffer }> {
  const headers = accepted === undefined ? {} : { 'accept-encoding': accepted };
  return new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ encoding: response.headers['content-encoding'], content: Buffer.concat(parts) }),
      );
    }).on('error', reject);
  });
}
