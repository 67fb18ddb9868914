// The S3-compatible server of the tests, in a process of its own. Arguments: port, folder, buckets.
import S3rver from '@20minutes/s3rver';

const [port, directory, ...buckets] = process.argv.slice(2);
await new S3rver({
  port: Number(port),
  address: '127.0.0.1',
  directory,
  silent: true,
  // It signs the path of a bucket without its slash, and AWS's client with it. Access keys are checked nevertheless.
  allowMismatchedSignatures: true,
  configureBuckets: buckets.map((name) => ({ name, configs: [] })),
}).run();
