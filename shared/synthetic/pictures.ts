/**
 * Pictures without a camera: what crafting without photos looks at in their place. Each has the statistics of
 * photographs in one respect: patches of flat colour, blobs, edges of occluding shapes at every scale, a 1/f spectrum.
 */
import { sharedBytes } from '#shared/memory';
import { randomFields } from './patterns.ts';
import { type Random, random } from './random.ts';
import { spectrumNoise } from './spectrum.ts';

/** A picture [3,size,size] in 0..255, in place. */
type Painter = (picture: Float32Array, size: number, draw: Random) => void;

/**
 * A grid of `cells` by `cells`, each of a random colour (C. Zhang, P. Benz, A. Karjauv, I. S. Kweon, "Data-free
 * universal adversarial perturbation and black-box attack", ICCV 2021).
 */
export function paintJigsaw(picture: Float32Array, size: number, cells: number, draw: Random): void {
  const colours = Float32Array.from({ length: 3 * cells * cells }, () => 255 * draw.uniform());
  const cellOf = Int32Array.from({ length: size }, (_, i) => Math.floor((i * cells) / size));
  fill(picture, size, (channel, y, x) => colours[(channel * cells + cellOf[y]) * cells + cellOf[x]]);
}

const jigsaw: Painter = (picture, size, draw) => paintJigsaw(picture, size, 2 + draw.below(15), draw);

/** Thirty Gaussian blobs of random colours and widths over a random ground. */
const blobs: Painter = (picture, size, draw) => {
  for (let channel = 0; channel < 3; channel++) {
    picture.fill(255 * draw.uniform(), channel * size * size, (channel + 1) * size * size);
  }
  for (let blob = 0; blob < 30; blob++) {
    const [cx, cy] = [size * draw.uniform(), size * draw.uniform()];
    const width = size * (0.02 + 0.18 * draw.uniform() ** 2);
    const colour = [0, 1, 2].map(() => 255 * draw.uniform());
    const bell = (centre: number) =>
      Float64Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - centre) / width) ** 2));
    const [across, down] = [bell(cx), bell(cy)];
    for (let channel = 0; channel < 3; channel++) {
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          const at = (channel * size + y) * size + x;
          picture[at] += across[x] * down[y] * (colour[channel] - picture[at]);
        }
      }
    }
  }
};

/**
 * Shapes of random colours that hide each other, radii by a power law so that every scale has its share (A. B. Lee, D.
 * Mumford, J. Huang, "Occlusion models for natural images", IJCV 2001): ellipses and rectangles, half of them with a
 * gradient, stripes or grain of their own.
 */
const deadLeaves: Painter = (picture, size, draw) => {
  for (let channel = 0; channel < 3; channel++) {
    picture.fill(255 * draw.uniform(), channel * size * size, (channel + 1) * size * size);
  }
  const [least, most] = [size / 60, size / 2.5];
  for (let leaf = 0; leaf < 400; leaf++) {
    // Density of radii r^-3: the inverse of its distribution function.
    const share = draw.uniform();
    const radius = 1 / Math.sqrt(share / least ** 2 + (1 - share) / most ** 2);
    paintLeaf(picture, size, radius, draw);
  }
};

function paintLeaf(picture: Float32Array, size: number, radius: number, draw: Random): void {
  const [cx, cy] = [size * draw.uniform(), size * draw.uniform()];
  const angle = Math.PI * draw.uniform();
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const flatness = 0.3 + 0.7 * draw.uniform();
  const round = draw.uniform() < 0.6;
  const colour = [0, 1, 2].map(() => 255 * draw.uniform());
  const texture = ['flat', 'flat', 'gradient', 'stripes', 'grain'][draw.below(5)];
  const strength = 20 + 60 * draw.uniform();
  const frequency = (2 * Math.PI) / (3 + 12 * draw.uniform());
  const clamp = (value: number) => Math.min(size - 1, Math.max(0, value));
  const reach = radius * Math.SQRT2;
  for (let y = clamp(Math.floor(cy - reach)); y <= clamp(Math.ceil(cy + reach)); y++) {
    for (let x = clamp(Math.floor(cx - reach)); x <= clamp(Math.ceil(cx + reach)); x++) {
      const a = ((x - cx) * cos + (y - cy) * sin) / radius;
      const b = ((y - cy) * cos - (x - cx) * sin) / (radius * flatness);
      if (round ? a * a + b * b > 1 : Math.abs(a) > 1 || Math.abs(b) > 1) continue;
      let shade = 0;
      if (texture === 'gradient') shade = strength * a;
      else if (texture === 'stripes') shade = strength * Math.sin(frequency * radius * a);
      else if (texture === 'grain') shade = strength * (2 * draw.uniform() - 1);
      for (let channel = 0; channel < 3; channel++) picture[(channel * size + y) * size + x] = colour[channel] + shade;
    }
  }
}

/**
 * Noise of amplitude 1/f, the colours of a picture correlated as they are in photographs (D. J. Field, JOSA A 4, 1987:
 * the spectrum of natural images).
 */
const oneOverF: Painter = (picture, size, draw) => {
  const shared = spectrumNoise(size, draw);
  const means = [0, 1, 2].map(() => 90 + 70 * draw.uniform());
  const contrast = 35 + 30 * draw.uniform();
  for (let channel = 0; channel < 3; channel++) {
    const own = spectrumNoise(size, draw);
    const plane = picture.subarray(channel * size * size, (channel + 1) * size * size);
    for (let i = 0; i < plane.length; i++) plane[i] = means[channel] + contrast * (0.9 * shared[i] + 0.44 * own[i]);
  }
};

/** A random formula for each colour (see patterns.ts), in the colours of a palette of the picture's own. */
const patterns: Painter = (picture, size, draw) => {
  const fields = randomFields(size, 3, draw);
  const plane = size * size;
  const means = [0, 1, 2].map(() => 60 + 135 * draw.uniform());
  // Rows are the colours of the fields: the first is mostly light and dark, as in photographs.
  const palette = [0, 1, 2].map((field) => {
    const grey = field === 0 ? 1 : 0;
    const size = [55, 30, 20][field] * (0.5 + draw.uniform());
    return [0, 1, 2].map(() => size * (grey + (grey ? 0.4 : 1) * draw.normal()));
  });
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < plane; i++) {
      let value = means[channel];
      for (let field = 0; field < 3; field++) value += palette[field][channel] * fields[field][i];
      picture[channel * plane + i] = value;
    }
  }
};

/** One to thirty shapes, each cut from a pattern of its own, before another pattern: objects before a ground. */
const scenes: Painter = (picture, size, draw) => {
  const plane = size * size;
  patterns(picture, size, draw);
  const stuff = Array.from({ length: 2 }, () => {
    const other = new Float32Array(picture.length);
    patterns(other, size, draw);
    return other;
  });
  for (let left = Math.round(30 ** draw.uniform()); left > 0; left--) {
    const from = stuff[draw.below(stuff.length)];
    const [cx, cy] = [size * draw.uniform(), size * draw.uniform()];
    const radius = size * (0.05 + 0.4 * draw.uniform() ** 2);
    const angle = Math.PI * draw.uniform();
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const flatness = 0.2 + 0.8 * draw.uniform();
    const power = [1, 2, 2, 8][draw.below(4)];
    const lobes = draw.below(3) === 0 ? 3 + draw.below(6) : 0;
    const depth = 0.35 * draw.uniform();
    for (let i = 0; i < plane; i++) {
      const [dx, dy] = [(i % size) - cx, Math.floor(i / size) - cy];
      const [a, b] = [(dx * cos + dy * sin) / radius, (dy * cos - dx * sin) / (radius * flatness)];
      const edge = lobes > 0 ? 1 + depth * Math.sin(lobes * Math.atan2(b, a)) : 1;
      if (Math.abs(a) ** power + Math.abs(b) ** power > edge) continue;
      for (let channel = 0; channel < 3; channel++) picture[channel * plane + i] = from[channel * plane + i];
    }
  }
};

const painters = { jigsaw, blobs, 'dead-leaves': deadLeaves, '1-over-f': oneOverF, patterns, scenes };

export type SyntheticKind = keyof typeof painters;
export const syntheticKinds = Object.keys(painters) as SyntheticKind[];
export const isSynthetic = (kind: string): kind is SyntheticKind => Object.hasOwn(painters, kind);

/**
 * `count` pictures as uint8 canvases [count,3,size,size], the kinds in turn. A picture depends on the seed and on its
 * place alone, so that a larger set begins with the smaller one.
 */
export function syntheticPictures(of: {
  kinds: readonly SyntheticKind[];
  count: number;
  size: number;
  seed: number;
}): Uint8Array {
  const length = 3 * of.size * of.size;
  const pixels = sharedBytes(of.count * length);
  const picture = new Float32Array(length);
  for (let place = 0; place < of.count; place++) {
    const kind = of.kinds[place % of.kinds.length];
    painters[kind](picture, of.size, random(of.seed, `picture ${kind} ${place}`));
    for (let i = 0; i < length; i++) pixels[place * length + i] = Math.round(Math.min(255, Math.max(0, picture[i])));
  }
  return pixels;
}

function fill(picture: Float32Array, size: number, value: (channel: number, y: number, x: number) => number): void {
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) picture[(channel * size + y) * size + x] = value(channel, y, x);
  }
}
