/**
 * Patterns that no attack made and no network had a part in: what a class learns from them besides it knows of attacks
 * that nobody has shown it. Perlin and Gabor noise, noise of a band of frequencies, and blocks, of which each second
 * pattern is laid on all colours alike.
 */
import { l2Norm, linfNorm } from '#shared/images';
import { between, gabor, perlin, type Random, random, variantOf } from '#shared/synthetic';

type Kind = (size: number, draw: Random) => Float32Array;

/** Of the lengths of `perlin` and `gabor`: those that the attack `procedural` (shared/attacks) draws from. */
const kinds: readonly Kind[] = [
  (size, draw) => {
    const wave = () => between(size / 56, size, draw);
    return perlin(
      size,
      { waveX: wave(), waveY: wave(), octaves: 1 + draw.below(4), sine: between(0.5, 16, draw) },
      draw.bits(),
    );
  },
  (size, draw) => banded(size, draw),
  (size, draw) =>
    gabor(
      size,
      {
        ...{ width: between(size / 112, size / 11, draw), wave: between(2, size / 7, draw) },
        ...{ direction: Math.PI * draw.uniform(), isotropy: draw.uniform(), density: between(0.5, 8, draw) },
      },
      draw.bits(),
    ),
  (size, draw) => blocks(size, draw),
];

/**
 * @param like perturbations that take turns in saying how strong a pattern is: none is larger than its own in either
 *   norm
 * @returns each [3,size,size], the same from the same seed
 */
export function drawnPatterns(
  like: readonly Float32Array[],
  { count, size, seed }: { count: number; size: number; seed: number },
): Float32Array[] {
  return Array.from({ length: count }, (_, i) => {
    const draw = random(seed, `pattern ${i}`);
    const kind = kinds[i % kinds.length];
    const isGrey = Math.floor(i / kinds.length) % 2 === 0;
    const first = kind(size, draw);
    const colours = isGrey ? [first, first, first] : [first, kind(size, draw), kind(size, draw)];
    const pattern = new Float32Array(3 * size * size);
    // From the noise as it is to its signs.
    const sharpness = between(1, 8, draw);
    for (const [colour, noise] of colours.entries()) {
      const largest = linfNorm(noise) || 1;
      pattern.set(
        noise.map((value) => Math.max(-1, Math.min(1, (sharpness * value) / largest))),
        colour * size * size,
      );
    }
    const bound = like[i % like.length];
    const scale = Math.min(linfNorm(bound), l2Norm(bound) / (l2Norm(pattern) || 1));
    return pattern.map((value) => scale * value);
  });
}

/** Noise of the frequencies between two, in cycles over the side. */
function banded(size: number, draw: Random): Float32Array {
  const highest = between(3, size / 3, draw);
  const lowest = highest * between(0.1, 0.8, draw);
  const noise = new Float32Array(size * size).map(() => draw.normal());
  const below = (amount: number) => variantOf(noise, 'low', { size, amount, seed: 1 });
  const [all, less] = [below(highest), below(lowest)];
  return all.map((value, i) => value - less[i]);
}

/** Squares of one size, each all up or all down. */
function blocks(size: number, draw: Random): Float32Array {
  const side = 1 + draw.below(Math.max(1, Math.floor(size / 16)));
  const across = Math.ceil(size / side);
  const signs = Array.from({ length: across * across }, () => 2 * draw.below(2) - 1);
  const at = (i: number) => Math.floor(Math.floor(i / size) / side) * across + Math.floor((i % size) / side);
  return Float32Array.from({ length: size * size }, (_, i) => signs[at(i)]);
}
