/** A seeded source of numbers: the same sequence for the same seed, on every machine. */
export interface Random {
  /** Returns an integer from 0 to `below` - 1. */
  integer(below: number): number;
  pick<T>(choices: readonly T[]): T;
  /** Returns a second source whose sequence does not depend on later calls to this one. */
  branch(): Random;
}

/** Marsaglia's xorshift with 32 bits. */
export function randomOf(seed: number): Random {
  let state = (Math.imul(seed, 2654435761) ^ 0x9e3779b9) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  for (let round = 0; round < 8; round++) next();
  const integer = (below: number): number => Math.floor((next() / 2 ** 32) * below);
  return {
    integer,
    pick: (choices) => choices[integer(choices.length)] as (typeof choices)[number],
    branch: () => randomOf(next()),
  };
}
