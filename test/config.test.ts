import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig, SettingError } from '../src/config.ts';

const KEY = 'a-key-of-enough-characters';

test('without settings, listens on loopback and is open to everyone on the machine', () => {
  const { host, port, auth } = readConfig({});
  assert.deepEqual({ host, port, auth }, { host: '127.0.0.1', port: 8000, auth: 'open' });
});

test('refuses to listen beyond loopback without a key, and says what to set', () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'thena.example']) {
    assert.throws(
      () => readConfig({ THENA_HOST: host }),
      (error: Error) => {
        assert(error instanceof SettingError);
        assert.match(error.message, /reachable from other machines/);
        assert.match(error.message, /THENA_ADMIN_KEY/);
        return true;
      },
    );
  }
});

test('listens beyond loopback with keys, or if it is opened explicitly', () => {
  assert.equal(readConfig({ THENA_HOST: '0.0.0.0', THENA_ADMIN_KEY: KEY }).auth, 'keys');
  assert.equal(readConfig({ THENA_HOST: '0.0.0.0', THENA_AUTH: 'open' }).auth, 'open');
});

test('an admin key makes keys required', () => {
  assert.equal(readConfig({ THENA_ADMIN_KEY: KEY }).auth, 'keys');
});

test('rejects keys without an admin key, and admin keys that can be guessed', () => {
  assert.throws(() => readConfig({ THENA_AUTH: 'keys' }), SettingError);
  assert.throws(() => readConfig({ THENA_ADMIN_KEY: 'short' }), SettingError);
});

test('rejects unknown settings and invalid values by name', () => {
  assert.throws(() => readConfig({ THENA_PROT: '1' }), /THENA_PROT/);
  assert.throws(() => readConfig({ THENA_PORT: 'eighty' }), /THENA_PORT/);
  assert.throws(() => readConfig({ THENA_PORT: '65536' }), /THENA_PORT/);
  assert.throws(() => readConfig({ THENA_MAX_UPLOAD_BYTES: '10 apples' }), /THENA_MAX_UPLOAD_BYTES/);
  assert.throws(() => readConfig({ THENA_AUTH: 'Open' }), /THENA_AUTH/);
});

test('accepts sizes with and without units', () => {
  assert.equal(readConfig({ THENA_MAX_UPLOAD_BYTES: '1048576' }).maxUploadBytes, 2 ** 20);
  assert.equal(readConfig({ THENA_MAX_UPLOAD_BYTES: '10GiB' }).maxUploadBytes, 10 * 2 ** 30);
  assert.equal(readConfig({ THENA_MAX_UPLOAD_BYTES: '1.5M' }).maxUploadBytes, 1.5 * 2 ** 20);
});
