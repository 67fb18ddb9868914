import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serversOf } from '../src/cluster-settings.ts';
import { readConfig } from '../src/config.ts';
import { SettingError } from '../src/setting-error.ts';

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

const CLUSTER = {
  THENA_DATABASE_URL: 'postgres://thena:secret-1@db:5432/thena?sslmode=require',
  THENA_CLICKHOUSE_URL: 'http://thena:secret-2@a:8123/thena,https://thena:secret-3@b:8443/thena',
  THENA_CLICKHOUSE_CLUSTER: 'shards',
  THENA_SPOOL_URL: 'file:///mnt/spool',
};

test('without the settings of a cluster, there is none; with all of them, there is one', () => {
  assert.equal(readConfig({}).cluster, null);
  assert.deepEqual(readConfig(CLUSTER).cluster, {
    databaseUrl: CLUSTER.THENA_DATABASE_URL,
    clickhouseUrls: CLUSTER.THENA_CLICKHOUSE_URL.split(','),
    clickhouseCluster: 'shards',
    clickhouseEngine: 'MergeTree',
    spoolUrl: CLUSTER.THENA_SPOOL_URL,
  });
  const { THENA_CLICKHOUSE_CLUSTER: _, ...single } = { ...CLUSTER, THENA_CLICKHOUSE_URL: 'http://a:8123' };
  assert.equal(readConfig(single).cluster?.clickhouseCluster, null);
});

test('half of the settings of a cluster are refused, and the missing ones named', () => {
  const required = ['THENA_DATABASE_URL', 'THENA_CLICKHOUSE_URL', 'THENA_SPOOL_URL'] as const;
  for (const missing of required) {
    const { [missing]: _, ...others } = CLUSTER;
    assert.throws(() => readConfig(others), { name: 'SettingError', message: new RegExp(`Set ${missing} as well`) });
    const { [missing]: only } = CLUSTER;
    const absent = required.filter((name) => name !== missing).join(' and ');
    assert.throws(() => readConfig({ [missing]: only }), new RegExp(`Set ${absent} as well`));
  }
  assert.throws(() => readConfig({ THENA_CLICKHOUSE_CLUSTER: 'shards' }), /A cluster needs/);
});

test('a replicated engine needs the name of the cluster', () => {
  const { THENA_CLICKHOUSE_CLUSTER: _, ...single } = { ...CLUSTER, THENA_CLICKHOUSE_URL: 'http://a:8123' };
  const THENA_CLICKHOUSE_ENGINE = "ReplicatedMergeTree('/clickhouse/{shard}/{table}', '{replica}')";
  assert.throws(() => readConfig({ ...single, THENA_CLICKHOUSE_ENGINE }), /needs THENA_CLICKHOUSE_CLUSTER/);
  assert.equal(readConfig({ ...CLUSTER, THENA_CLICKHOUSE_ENGINE }).cluster?.clickhouseEngine, THENA_CLICKHOUSE_ENGINE);
});

test('several shards need the name of their cluster', () => {
  const { THENA_CLICKHOUSE_CLUSTER: _, ...unnamed } = CLUSTER;
  assert.throws(() => readConfig(unnamed), /Set THENA_CLICKHOUSE_CLUSTER/);
});

test('refuses URLs that are not of such servers, without their passwords', () => {
  const wrong: readonly [name: keyof typeof CLUSTER | 'THENA_CLICKHOUSE_ENGINE', values: readonly string[]][] = [
    [
      'THENA_DATABASE_URL',
      ['mysql://u:hush@h/d', 'postgres://u:hush@h', 'postgres://u:hush@h/a/b', 'postgres://u:hu/sh@h/d', 'hush'],
    ],
    [
      'THENA_CLICKHOUSE_URL',
      [
        'http://u:hush@a/x/y',
        'tcp://u:hush@a:9000',
        'http://u:hush@a/x?password=hush',
        'http://u:hush@a/"x',
        'http://u:hush@a,hush',
        'http://u:hu,sh@a',
        'http://u:hush%@a',
        'http://u:hush%ff@a',
        'http://u:hush@a,http://v:hush@a',
        'http://u:hush@a/one,http://u:hush@b/two',
      ],
    ],
    ['THENA_CLICKHOUSE_ENGINE', ['Memory', 'MergeTree ORDER BY x', 'MergeTree() SETTINGS a = 1']],
    ['THENA_CLICKHOUSE_CLUSTER', ["a'b", 'x'.repeat(65)]],
    [
      'THENA_SPOOL_URL',
      ['/mnt/hush', 'file://hush/mnt', 'file:///', 's3:///hush', 's3://key:hush@bucket', 'http://hush'],
    ],
  ];
  for (const [name, values] of wrong) {
    for (const value of values) {
      assert.throws(
        () => readConfig({ ...CLUSTER, [name]: value }),
        ({ name: kind, message }: Error) =>
          kind === 'SettingError' && message.includes(name) && !/hu,?\/?sh|sh@/.test(message),
        value,
      );
    }
  }
});

test('the addresses of a cluster are shown without users, passwords and parameters', () => {
  const { cluster } = readConfig({ ...CLUSTER, THENA_SPOOL_URL: 's3://bucket/a?token=secret-4' });
  assert(cluster);
  assert.deepEqual(serversOf(cluster), [
    'postgres://db:5432/thena',
    'http://a:8123/thena',
    'https://b:8443/thena',
    's3://bucket/a',
  ]);
});

test('a node is named by its setting or its host', () => {
  assert.equal(readConfig({ THENA_NODE_ID: 'node-1.eu' }).nodeId, 'node-1.eu');
  assert.match(readConfig({}).nodeId, /^[\w.-]{1,64}$/);
  for (const id of ['a b', 'a/b', 'x'.repeat(65)])
    assert.throws(() => readConfig({ THENA_NODE_ID: id }), /THENA_NODE_ID/);
});
