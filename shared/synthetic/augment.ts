/**
 * Pictures as the data-free attacks show them: noise of the range of photographs, and what is done to noise and photos
 * alike before each look. Both after the code of K. R. Mopuri, A. Ganeshan, R. V. Babu, "Generalizable data-free
 * objective for crafting universal adversarial perturbations", TPAMI 2018, arXiv 1801.08092, which TRM-UAP and PSP-UAP
 * took over: the resizing and blurring matter, since white noise has next to no low frequencies, and photographs little
 * else.
 */
import type { Random } from './random.ts';

/** A square picture [3, side, side] in 0..255. */
export interface Square {
  values: Float32Array;
  side: number;
}

/** Of ImageNet's photographs, red, green, blue. */
export const meanColour = [123.68, 116.779, 103.939] as const;
/** Deviations with which more than 95 % of the values of normal noise around that colour lie in 0..255. */
export const rangeDeviations = [62, 58, 52] as const;

/** Normal noise for every value, cut off at 0 and 255. */
export function normalNoise(
  side: number,
  means: readonly number[],
  deviations: readonly number[],
  draw: Random,
): Square {
  const plane = side * side;
  const values = Float32Array.from({ length: 3 * plane }, (_, i) => {
    const channel = Math.floor(i / plane);
    return Math.round(Math.min(255, Math.max(0, means[channel] + deviations[channel] * draw.normal())));
  });
  return { values, side };
}

const angles = [-10, -7, -5, -3, 3, 5, 7, 10] as const;
const kernels = [3, 5, 7, 9] as const;

/**
 * A picture as one look sees it, [3, size, size]: made `size` times 1 (or, every second time, 0.75 to 1.5) wide, each
 * with probability 1/2 mirrored, turned by 3 to 10 degrees and cut to what is inside, and blurred; then a random part
 * of `size` pixels, filled up with `ground` where that is more than there is; of that the middle seven eighths,
 * enlarged.
 */
export function augmented(
  picture: Square,
  size: number,
  draw: Random,
  ground: readonly number[] = meanColour,
): { values: Float32Array; flip: boolean } {
  const [flip, scales, blurs, turns] = [draw, draw, draw, draw].map(() => draw.uniform() > 0.5);
  const kernel = kernels[draw.below(kernels.length)];
  const angle = angles[draw.below(angles.length)];
  const scale = scales ? 0.75 + 0.75 * draw.uniform() : 1;
  let seen = resized(picture, Math.max(2, Math.floor(size * scale)));
  if (flip) seen = mirrored(seen);
  if (turns) seen = turned(seen, (angle * Math.PI) / 180);
  if (blurs) seen = blurred(seen, kernel);
  return { values: middle(part(seen, size, draw, ground), 7 / 8), flip };
}

/** Writes one row of one colour into `out` from `to` on; `plane` is where that colour begins in the source. */
type WriteRow = (out: Float32Array, to: number, plane: number, y: number, channel: number) => void;

function squareOf(side: number, from: number, write: WriteRow): Square {
  const values = new Float32Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < side; y++) write(values, (channel * side + y) * side, channel * from * from, y, channel);
  }
  return { values, side };
}

/**
 * Bilinear between the four pixels around each place, whatever the scale, over the stretch of `length` pixels that
 * begins at `start` in both directions.
 */
function stretched({ values, side: from }: Square, side: number, start: number, length: number): Square {
  const [low, high] = [new Int32Array(side), new Int32Array(side)];
  const share = Float32Array.from({ length: side }, (_, i) => {
    const at = Math.min(from - 1, Math.max(0, start + ((i + 0.5) * length) / side - 0.5));
    low[i] = Math.floor(at);
    high[i] = Math.min(from - 1, low[i] + 1);
    return at - low[i];
  });
  return squareOf(side, from, (out, to, plane, y) => {
    const [above, below, down] = [plane + low[y] * from, plane + high[y] * from, share[y]];
    for (let x = 0; x < side; x++) {
      const [left, right, across] = [low[x], high[x], share[x]];
      const first = values[above + left] + across * (values[above + right] - values[above + left]);
      const second = values[below + left] + across * (values[below + right] - values[below + left]);
      out[to + x] = first + down * (second - first);
    }
  });
}

const resized = (picture: Square, side: number) => stretched(picture, side, 0, picture.side);

/** The middle of a picture, enlarged to its size. */
function middle(picture: Square, share: number): Float32Array {
  const { side } = picture;
  return stretched(picture, side, ((1 - share) / 2) * side, share * side).values;
}

function mirrored({ values, side }: Square): Square {
  return squareOf(side, side, (out, to, plane, y) => {
    const last = plane + y * side + side - 1;
    for (let x = 0; x < side; x++) out[to + x] = values[last - x];
  });
}

/** Turned about its centre (nearest pixels), and cut to the largest upright square that lies inside. */
function turned({ values, side: from }: Square, angle: number): Square {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const side = Math.max(1, Math.floor(from / (Math.abs(cos) + Math.abs(sin))));
  const [centre, middle] = [(from - 1) / 2, (side - 1) / 2];
  const inside = (at: number) => Math.min(from - 1, Math.max(0, Math.round(at)));
  return squareOf(side, from, (out, to, plane, y) => {
    const dy = y - middle;
    for (let x = 0; x < side; x++) {
      const dx = x - middle;
      out[to + x] = values[plane + inside(centre + cos * dy - sin * dx) * from + inside(centre + cos * dx + sin * dy)];
    }
  });
}

/** By a Gaussian of standard deviation 1 pixel, cut off at an odd width; mirrored at the edge. */
function blurred({ values, side }: Square, width: number): Square {
  const reach = (width - 1) / 2;
  const bell = Float32Array.from({ length: width }, (_, i) => Math.exp(-0.5 * (i - reach) ** 2));
  const sum = bell.reduce((total, weight) => total + weight, 0);
  const places = Int32Array.from({ length: side + 2 * reach }, (_, i) => {
    const at = Math.abs(i - reach);
    return Math.max(0, at >= side ? 2 * side - 2 - at : at);
  });
  const across = squareOf(side, side, (out, to, plane, y) => {
    const row = plane + y * side;
    for (let x = 0; x < side; x++) {
      let total = 0;
      for (let k = 0; k < width; k++) total += bell[k] * values[row + places[x + k]];
      out[to + x] = total / sum;
    }
  });
  return squareOf(side, side, (out, to, plane, y) => {
    for (let k = 0; k < width; k++) {
      const row = plane + places[y + k] * side;
      const weight = bell[k] / sum;
      for (let x = 0; x < side; x++) out[to + x] += weight * across.values[row + x];
    }
  });
}

/** A random part of `side` pixels; where the picture is smaller, all of it at the top left of the ground. */
function part({ values, side: from }: Square, side: number, draw: Random, ground: readonly number[]): Square {
  const spare = Math.max(0, from - side);
  const [top, left] = [Math.floor(draw.uniform() * spare), Math.floor(draw.uniform() * spare)];
  const wide = Math.min(side, from);
  return squareOf(side, from, (out, to, plane, y, channel) => {
    out.fill(Math.round(ground[channel]), to, to + side);
    if (y >= from) return;
    const row = plane + (top + y) * from + left;
    out.set(values.subarray(row, row + wide), to);
  });
}
