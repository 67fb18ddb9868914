import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { type RunningThena, startThena } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

/** Sends a request with exactly these header lines. */
async function answerTo(lines: readonly string[], version = '1.1') {
  const socket = connect(Number(new URL(thena.url).port), '127.0.0.1');
  socket.write(`${[`GET /healthz HTTP/${version}`, ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  const contentType = /^content-type: (.*)$/im.exec(head)?.[1];
  return {
    httpStatus: Number(head.split(' ')[1]),
    contentType,
    hasId: /^x-request-id: /im.test(head),
    ...JSON.parse(body),
  };
}

test('refuses requests without a Host header, or with several, with a problem', async () => {
  for (const [lines, detail] of [
    [[], 'The request has no Host header.'],
    [['Host: localhost', 'Host: localhost'], 'The request has 2 Host headers.'],
    [['Host: localhost', 'host: evil.example'], 'The request has 2 Host headers.'],
  ] as const) {
    const { httpStatus, code, contentType, hasId, detail: found } = await answerTo(lines);
    assert.deepEqual([httpStatus, code, found, hasId], [400, 'bad_request', detail, true]);
    assert.match(contentType, /^application\/problem\+json/);
  }
  assert.equal((await answerTo(['Host: localhost'])).status, 'ok');
  assert.equal((await answerTo(['Host: localhost'], '1.0')).status, 'ok');
});

test('refuses expectations other than 100-continue with a problem', async () => {
  const refused = await answerTo(['Host: localhost', 'Expect: miracles']);
  assert.deepEqual([refused.httpStatus, refused.code, refused.hasId], [417, 'expectation_failed', true]);
  assert.match(refused.detail, /'miracles'/);
  assert.match(refused.contentType, /^application\/problem\+json/);
});
