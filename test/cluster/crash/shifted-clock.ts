/** Preloaded into a node (`node --import`): its clock is CLOCK_SHIFT_MS ahead, or behind if that is negative. */
const shiftMs = Number(process.env.CLOCK_SHIFT_MS);
const realNow = Date.now;
const now = (): number => realNow() + shiftMs;

globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
