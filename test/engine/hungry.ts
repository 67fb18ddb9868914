/**
 * Loaded into an engine process by `hungry-engine.ts`: makes it take memory for every operation that mentions `hungry`, or
 * `hungry_200` for 200 MiB, at about 1 GiB/s and without returning to the event loop. The memory is never freed.
 */
const STEP_BYTES = 8 * 1024 * 1024;
const STEP_MS = 8;
/** Never takes the machine, even if the engine is not killed. */
const MOST_MIB = 1200;

const held: Buffer[] = [];
const clock = new Int32Array(new SharedArrayBuffer(4));

process.on('message', (message) => {
  const text = JSON.stringify(message, (_, value) => (typeof value === 'bigint' ? Number(value) : value));
  const found = /hungry(?:_(\d+))?/.exec(text);
  if (!found) return;
  const bytes = Number(found[1] ?? MOST_MIB) * 1024 * 1024;
  for (let taken = 0; taken < bytes; taken += STEP_BYTES) {
    held.push(Buffer.alloc(STEP_BYTES, 1));
    Atomics.wait(clock, 0, 0, STEP_MS);
  }
});
