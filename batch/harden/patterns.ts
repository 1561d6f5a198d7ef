/**
 * Patterns that no attack made and no network had a part in: what a class learns from them besides it knows of attacks
 * that nobody has shown it. Perlin and Gabor noise, noise of a band of frequencies, and blocks, of which each second
 * pattern is laid on all colours alike. They are made as strong and nearly as rough as what attacks make: from faint or
 * soft ones a class learns to mistrust photos.
 */
import { l2Norm, linfNorm } from '#shared/images';
import { between, gabor, perlin, type Random, random, variantOf } from '#shared/synthetic';

type Kind = (size: number, draw: Random) => Float32Array;

const kinds: readonly Kind[] = [
  (size, draw) => {
    const wave = () => between(size / 56, size / 4, draw);
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
        ...{ width: between(size / 112, size / 11, draw), wave: between(2, size / 14, draw) },
        ...{ direction: Math.PI * draw.uniform(), isotropy: draw.uniform(), density: between(0.5, 8, draw) },
      },
      draw.bits(),
    ),
  (size, draw) => blocks(size, draw),
];

/**
 * How rough a pattern is at least: the root mean square of what pixels differ by from their neighbours, over that of
 * the pixels. Perturbations of ten attacks have 1.1 to 1.5, and white noise has 1.4.
 */
const leastRough = 0.6;
/** After so many smoother ones a pattern is taken as it is. */
const mostTries = 20;

/**
 * @param like perturbations that take turns in saying how strong a pattern is, but for those of less than half the
 *   length of the longest: none is larger than its own in either norm
 * @returns each [3,size,size], the same from the same seed
 */
export function drawnPatterns(
  like: readonly Float32Array[],
  { count, size, seed }: { count: number; size: number; seed: number },
): Float32Array[] {
  const largest = Math.max(...like.map(l2Norm));
  const strong = like.filter((v) => l2Norm(v) >= largest / 2);
  return Array.from({ length: count }, (_, i) => {
    const draw = random(seed, `pattern ${i}`);
    const kind = kinds[i % kinds.length];
    const isGrey = Math.floor(i / kinds.length) % 2 === 0;
    // Nearly to the signs of the noise, which are what most attacks come to.
    const sharpness = between(3, 32, draw);
    const first = rough(kind, size, sharpness, draw);
    const colours = isGrey ? [first, first] : [0, 0].map(() => rough(kind, size, sharpness, draw));
    const pattern = new Float32Array(3 * size * size);
    for (const [colour, plane] of [first, ...colours].entries()) pattern.set(plane, colour * size * size);
    const bound = strong[i % strong.length];
    const scale = Math.min(linfNorm(bound), l2Norm(bound) / (l2Norm(pattern) || 1));
    return pattern.map((value) => scale * value);
  });
}

/** One colour of -1 to 1, cut off at a share of its largest, drawn until it is rough enough. */
function rough(kind: Kind, size: number, sharpness: number, draw: Random): Float32Array {
  for (let tries = 1; ; tries++) {
    const noise = kind(size, draw);
    const largest = linfNorm(noise) || 1;
    const plane = noise.map((value) => Math.max(-1, Math.min(1, (sharpness * value) / largest)));
    if (tries === mostTries || roughness(plane, size) >= leastRough) return plane;
  }
}

function roughness(plane: Float32Array, size: number): number {
  let [steps, squares] = [0, 0];
  for (let i = 0; i < plane.length; i++) {
    squares += plane[i] ** 2;
    if ((i + 1) % size) steps += (plane[i + 1] - plane[i]) ** 2;
    if (i + size < plane.length) steps += (plane[i + size] - plane[i]) ** 2;
  }
  return Math.sqrt(steps / (2 * squares || 1));
}

/** Noise of the frequencies between two, in cycles over the side. */
function banded(size: number, draw: Random): Float32Array {
  const highest = between(size / 12, size / 2, draw);
  const lowest = highest * between(0.1, 0.8, draw);
  const noise = new Float32Array(size * size).map(() => draw.normal());
  const below = (amount: number) => variantOf(noise, 'low', { size, amount, seed: 1 });
  const [all, less] = [below(highest), below(lowest)];
  return all.map((value, i) => value - less[i]);
}

/** Squares of one size, each all up or all down. */
function blocks(size: number, draw: Random): Float32Array {
  const side = 1 + draw.below(Math.max(1, Math.floor(size / 28)));
  const across = Math.ceil(size / side);
  const signs = Array.from({ length: across * across }, () => 2 * draw.below(2) - 1);
  const at = (i: number) => Math.floor(Math.floor(i / size) / side) * across + Math.floor((i % size) / side);
  return Float32Array.from({ length: size * size }, (_, i) => signs[at(i)]);
}
