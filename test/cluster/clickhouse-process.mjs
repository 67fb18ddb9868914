/**
 * A ClickHouse server, made of the library chDB: its main function runs `clickhouse local` with statements that open the ports, and one
 * that never ends. Not available this way: replication, ON CLUSTER and Keeper. Run with --experimental-ffi:
 *
 *   node --experimental-ffi clickhouse-process.mjs LIBRARY CONFIG FOLDER
 */
import ffi from 'node:ffi';

const SERVE = `SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP;
  SELECT sleepEachRow(3) FROM numbers(100000000) SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1, limit = 0, offset = 0, additional_result_filter = '' FORMAT Null`;

const [library, config, folder] = process.argv.slice(2);
const { functions } = ffi.dlopen(library, { query_stable: { arguments: ['int32', 'pointer'], return: 'pointer' } });
const args = ['clickhouse', '--config-file', config, '--path', folder, '--multiquery', '--query', SERVE];
const texts = args.map((arg) => Buffer.from(`${arg}\0`));
const pointers = Buffer.alloc(8 * (texts.length + 1));
for (const [index, text] of texts.entries()) pointers.writeBigUInt64LE(BigInt(ffi.getRawPointer(text)), 8 * index);
functions.query_stable(texts.length, ffi.getRawPointer(pointers));
