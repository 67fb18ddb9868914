// The S3-compatible server of the tests, in a process of its own. Arguments: port, folder, buckets.
import { rm } from 'node:fs/promises';
import S3rver from '@20minutes/s3rver';

const [port, directory, ...buckets] = process.argv.slice(2);
const server = new S3rver({
  port: Number(port),
  address: '127.0.0.1',
  directory,
  silent: true,
  // It signs the path of a bucket without its slash, and AWS's client with it. Access keys are checked nevertheless.
  allowMismatchedSignatures: true,
  configureBuckets: buckets.map((name) => ({ name, configs: [] })),
});
// Its own removes the folder, too, if that was empty a moment ago: with an object that was written in between.
server.store.deleteObject = async (bucket, key) => {
  for (const part of ['object', 'object.md5', 'metadata.json']) {
    await rm(server.store.getResourcePath(bucket, key, part), { force: true });
  }
};
await server.run();
