/** Numbers that are the same for the same seed, on every machine. */
export interface Random {
  /** An integer from 0 to `below` - 1. */
  integer(below: number): number;
  pick<T>(choices: readonly T[]): T;
  /** Another source, whose numbers do not depend on how often this one is asked afterwards. */
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
