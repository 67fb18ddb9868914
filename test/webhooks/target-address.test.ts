import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/errors.ts';
import { checkUrl } from '../../src/webhooks/check-url.ts';
import { AddressRefused, isPublic, publicLookup } from '../../src/webhooks/target-address.ts';

const REFUSED = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.169.254',
  '172.31.255.255',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:10.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a00:1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '4000::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  'example.com',
  '',
];

test('only addresses of the Internet are public', () => {
  assert.deepEqual(REFUSED.filter(isPublic), []);
  const allowed = ['1.1.1.1', '8.8.8.8', '172.32.0.1', '::ffff:8.8.8.8', '2606:4700:4700::1111', '2a00:1450::1'];
  assert.deepEqual(allowed.filter(isPublic), allowed);
});

test('a host name with a private address is refused when a socket looks it up', async () => {
  for (const all of [true, false]) {
    const error = await new Promise((done) => publicLookup('localhost', { all }, done));
    assert.ok(error instanceof AddressRefused, String(error));
  }
});

test('a URL of a private address is refused, however the address is written', async () => {
  for (const host of [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::127.0.0.1]',
    '[fe80::1]',
    '169.254.169.254',
    'localhost',
    'LOCALHOST',
    '１２７.0.0.1',
  ]) {
    await assert.rejects(
      checkUrl(`http://${host}:9/x`, false),
      (error) => error instanceof Problem && error.code === 'webhook_address_refused',
      host,
    );
    assert.match(await checkUrl(`http://${host}:9/x`, true), /^http:/);
  }
});

test('a URL of a public address is accepted, and a name that does not resolve, too', async () => {
  assert.equal(await checkUrl('https://8.8.8.8/a?b=c', false), 'https://8.8.8.8/a?b=c');
  assert.equal(await checkUrl('HTTPS://No-Such-Name.Invalid', false), 'https://no-such-name.invalid/');
});

test('a URL without a place to send to, or with credentials, is invalid', async () => {
  const long = `https://8.8.8.8/${'a'.repeat(2000)}`;
  for (const url of [
    '',
    '/hook',
    'ftp://8.8.8.8',
    'https://a:b@8.8.8.8',
    'https://a@8.8.8.8',
    'http://8.8.8.8/#a',
    long,
  ]) {
    await assert.rejects(
      checkUrl(url, true),
      (error) => error instanceof Problem && error.code === 'webhook_url_invalid' && !error.detail.includes('a:b'),
      url,
    );
  }
});
