/** Procedural textures of computer graphics: patterns from a handful of numbers. */
import { type Random, random } from './random.ts';

export type PerlinParameters = {
  /** Pixels of the coarsest wave across and down. */
  waveX: number;
  waveY: number;
  /** Each octave has half the wavelength and half the strength of the last. */
  octaves: number;
  /** Cycles of the sine that the noise is read through. */
  sine: number;
};

/** K. Perlin, "Improving noise", SIGGRAPH 2002, read through sin(2 pi sine * noise). [size,size] in -1..1. */
export function perlin(size: number, of: PerlinParameters, seed: number): Float32Array {
  const turn = random(seed, 'perlin');
  const angles = Float32Array.from({ length: 256 }, () => 2 * Math.PI * turn.uniform());
  const order = turn.order(256);
  const corner = (x: number, y: number) => angles[order[(order[x & 255] + y) & 255]];
  const fade = (t: number) => t * t * t * (t * (6 * t - 15) + 10);
  const noise = (x: number, y: number) => {
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const slope = (cx: number, cy: number) => {
      const angle = corner(cx, cy);
      return Math.cos(angle) * (x - cx) + Math.sin(angle) * (y - cy);
    };
    const [u, w] = [fade(x - x0), fade(y - y0)];
    const above = slope(x0, y0) * (1 - u) + slope(x0 + 1, y0) * u;
    const below = slope(x0, y0 + 1) * (1 - u) + slope(x0 + 1, y0 + 1) * u;
    return above * (1 - w) + below * w;
  };
  return pattern(size, (x, y) => {
    let sum = 0;
    for (let octave = 0; octave < of.octaves; octave++) {
      const scale = 2 ** octave;
      sum += noise((scale * x) / of.waveX, (scale * y) / of.waveY) / scale;
    }
    return Math.sin(2 * Math.PI * of.sine * sum);
  });
}

export type GaborParameters = {
  /** Standard deviation of a kernel's bell, in pixels. */
  width: number;
  /** Pixels of a kernel's wave. */
  wave: number;
  /** Radians of the wave's direction, and how far it may differ from kernel to kernel: 0 is one direction, 1 is all. */
  direction: number;
  isotropy: number;
  /** Kernels for each of the areas that one covers. */
  density: number;
};

/**
 * Sparse Gabor convolution (A. Lagae et al., "Procedural noise using sparse Gabor convolution", SIGGRAPH 2009).
 * [size,size], largest 1.
 */
export function gabor(size: number, of: GaborParameters, seed: number): Float32Array {
  const draw = random(seed, 'gabor');
  const sum = new Float32Array(size * size);
  const reach = Math.ceil(2.5 * of.width);
  const kernels = Math.min(4000, Math.max(1, Math.round((of.density * size * size) / (Math.PI * of.width ** 2))));
  for (let kernel = 0; kernel < kernels; kernel++) {
    const [cx, cy] = [draw.below(size), draw.below(size)];
    const angle = of.direction + of.isotropy * Math.PI * (draw.uniform() - 0.5);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const sign = draw.bits() >>> 31 ? 1 : -1;
    for (let y = Math.max(0, cy - reach); y <= Math.min(size - 1, cy + reach); y++) {
      for (let x = Math.max(0, cx - reach); x <= Math.min(size - 1, cx + reach); x++) {
        const [dx, dy] = [x - cx, y - cy];
        const bell = Math.exp(-(dx * dx + dy * dy) / (2 * of.width ** 2));
        sum[y * size + x] += sign * bell * Math.cos((2 * Math.PI * (dx * cos + dy * sin)) / of.wave);
      }
    }
  }
  const largest = sum.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return sum.map((value) => value / largest);
}

function pattern(size: number, value: (x: number, y: number) => number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, i) => value(i % size, Math.floor(i / size)));
}

/** A number between two others, evenly on a logarithmic scale. */
export const between = (low: number, high: number, draw: Random) => low * (high / low) ** draw.uniform();
