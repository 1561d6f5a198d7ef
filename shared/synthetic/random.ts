/**
 * Random numbers that are the same everywhere for a seed: xoshiro128** (D. Blackman, S. Vigna, "Scrambled linear
 * pseudorandom number generators", 2018, arXiv 1805.01407), its state filled by the finaliser of MurmurHash3. Each
 * purpose draws from a stream of its own, so that one draw more for one purpose moves no other.
 */
export interface Random {
  /** Uniform whole number in 0..2^32-1. */
  bits(): number;
  /** Uniform in [0, 1), a multiple of 2^-32. */
  uniform(): number;
  /** Uniform whole number in 0..below-1. */
  below(below: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** A uniformly random order of 0..count-1 (Fisher-Yates). */
  order(count: number): number[];
  /** All that the next draws depend on: kept in a checkpoint, and put back in place. */
  readonly state: Int32Array;
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by));

/**
 * @param seed Whole number in 0..2^32-1.
 * @param stream What the numbers are for, such as "shuffle".
 */
export function random(seed: number, stream: string): Random {
  let hash = mix(seed ^ 0x9e3779b9);
  for (const letter of stream) hash = mix(Math.imul(hash, 31) + (letter.codePointAt(0) as number));
  const state = new Int32Array(4);
  for (let i = 0; i < 4; i++) {
    hash = mix(hash + 0x9e3779b9);
    state[i] = hash;
  }
  // The one state that xoshiro cannot leave.
  if (state.every((word) => word === 0)) state[0] = 1;

  const bits = () => {
    const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
    const t = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = rotate(state[3], 11);
    return result;
  };
  const uniform = () => bits() / 2 ** 32;
  const below = (limit: number) => Math.floor(uniform() * limit);
  return {
    bits,
    uniform,
    below,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    order(count) {
      const items = Array.from({ length: count }, (_, i) => i);
      for (let i = count - 1; i > 0; i--) {
        const j = below(i + 1);
        [items[i], items[j]] = [items[j], items[i]];
      }
      return items;
    },
    state,
  };
}
