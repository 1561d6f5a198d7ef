import { rowsOf, type Spectra, Transforms, timesOf } from './spectra.ts';

/** A perturbation as it is looked for: its transforms. */
export interface Pattern extends Spectra<Float32Array> {
  size: number;
}

/** Where on a canvas a perturbation lies: this many pixels to the right and down. */
export interface Shift {
  x: number;
  y: number;
}

/** Transforms of one size are used again and again. */
let transforms = new Transforms(1);
function transformsOf(size: number): Transforms {
  if (transforms.size !== size) transforms = new Transforms(size);
  return transforms;
}

/** @param v [3,size,size], RGB, in any unit: strengths are multiples of it */
export function patternOf(v: ArrayLike<number>, size: number): Pattern {
  const { re, im } = transformsOf(size).ofPicture(v);
  return { size, re: Float32Array.from(re), im: Float32Array.from(im) };
}

/** What the spectrum of a picture counts for is held down to, in grey levels of white noise; see `Search`. */
const LEVEL = 4;
/** Half of the width of the cross that edges leave, in cycles a pixel. */
const CROSS = 1 / 64;
/** Frequencies that the strength is read off, in cycles a pixel. Above them JPEG keeps little of a perturbation. */
const LOWEST = 1 / 14;
const HIGHEST = 3 / 14;
/** A perturbation that has less of its energy between them is read off all frequencies. */
const ENOUGH = 0.01;

/**
 * Looks for perturbations on one canvas by matched filters.
 *
 * The canvas X is whitened first: W = X / sqrt(|X|² + L²) at each frequency of grey and the two differences of colours.
 * Photos have amplitudes that fall as 1/f (D. J. Field, "Relations between the statistics of natural images and the
 * response properties of cortical cells", JOSA A 4, 1987), so that this is a high-pass filter, made for the picture at
 * hand; what it leaves is little more than phases. Correlating with phases alone finds shifts sharply (C. D. Kuglin, D.
 * C. Hines, "The phase correlation image alignment method", IEEE Conference on Cybernetics and Society, 1975; J. L.
 * Horner, P. D. Gianino, "Phase-only matched filtering", Applied Optics 23, 1984), and whitening before correlating is
 * what finds watermarks best (G. Depovere, T. Kalker, J.-P. Linnartz, "Improved watermark detection reliability using
 * filtering before correlation", ICIP 1998). L, white noise of 4 grey levels, keeps what JPEG has set to nearly nothing
 * from counting as much as what it kept.
 *
 * T(d) = sum of W(f) conj V(f) exp(2 pi i f d) is then the correlation with a perturbation V moved by d. If it is not
 * on the picture, the phases of W have nothing to do with those of V, each term is |W||V| times the cosine of a uniform
 * angle, and T has mean 0 and variance sum of |W|²|V|²: known, not estimated. z = T / that deviation is a sum of
 * thousands of bounded terms: normal, and with lighter tails where few terms matter.
 */
export class Search {
  readonly #transforms: Transforms;
  readonly #reach: number;
  readonly #canvas: Spectra<Float64Array>;
  readonly #white: Spectra<Float32Array>;

  /**
   * @param canvas [3,size,size], RGB, 0..255
   * @param reach how far perturbations may be moved, in pixels along each axis; less than half of the size counts
   */
  constructor(canvas: ArrayLike<number>, size: number, reach: number) {
    this.#transforms = transformsOf(size);
    this.#reach = Math.min(reach, Math.floor((size - 1) / 2));
    this.#canvas = this.#transforms.ofPicture(canvas);
    this.#white = whitened(this.#canvas, size);
  }

  /** How many shifts are looked at. */
  get shifts(): number {
    return (2 * this.#reach + 1) ** 2;
  }

  /** The shift at which a perturbation fits best, and the z there; negative where its sign is flipped. */
  find(pattern: Pattern): { z: number; shift: Shift } {
    const { size } = this.#transforms;
    const kept = rowsOf(size) * size;
    const white = this.#white;
    const sum = { re: new Float64Array(kept), im: new Float64Array(kept) };
    let variance = 0;
    for (let at = 0, i = 0; at < 3 * kept; at++, i = i + 1 === kept ? 0 : i + 1) {
      const wr = white.re[at];
      const wi = white.im[at];
      const vr = pattern.re[at];
      const vi = pattern.im[at];
      sum.re[i] += wr * vr + wi * vi;
      sum.im[i] += wi * vr - wr * vi;
      variance += timesOf(Math.floor(i / size), size) * (wr * wr + wi * wi) * (vr * vr + vi * vi);
    }
    const surface = this.#transforms.realOf(sum);
    const best = { value: 0, shift: { x: 0, y: 0 } };
    for (let y = -this.#reach; y <= this.#reach; y++) {
      for (let x = -this.#reach; x <= this.#reach; x++) {
        const value = surface[((y + size) % size) * size + ((x + size) % size)];
        if (Math.abs(value) > Math.abs(best.value)) Object.assign(best, { value, shift: { x, y } });
      }
    }
    const deviation = Math.sqrt(variance) / (size * size);
    return { z: deviation > 0 ? best.value / deviation : 0, shift: best.shift };
  }

  /**
   * How strong a perturbation is at a shift: least squares over the frequencies that JPEG keeps, of the part that is on
   * the canvas when it is moved (nothing comes in from the other side). The standard error is that of a sum whose terms
   * have the sizes that are left, and any phases.
   */
  fit(pattern: Pattern, shift: Shift): { strength: number; error: number } {
    const moved = shift.x === 0 && shift.y === 0 ? pattern : this.#moved(pattern, shift);
    return this.#fitWithin(moved, LOWEST, HIGHEST) ?? this.#fitWithin(moved, 0, 1) ?? { strength: 0, error: 0 };
  }

  /** Null where the perturbation has too little between the two frequencies. */
  #fitWithin(v: Spectra, lowest: number, highest: number): { strength: number; error: number } | null {
    const { size } = this.#transforms;
    const x = this.#canvas;
    const chosen: number[] = [];
    let product = 0;
    let energy = 0;
    let all = 0;
    for (let at = 0; at < v.re.length; at++) {
      const row = Math.floor(at / size) % rowsOf(size);
      const column = Math.min(at % size, size - (at % size));
      if (row === 0 && column === 0) continue;
      const times = timesOf(row, size);
      const square = times * (v.re[at] ** 2 + v.im[at] ** 2);
      all += square;
      const frequency = Math.hypot(row, column) / size;
      if (frequency < lowest || frequency >= highest) continue;
      chosen.push(at);
      energy += square;
      product += times * (x.re[at] * v.re[at] + x.im[at] * v.im[at]);
    }
    if (!(energy > ENOUGH * all)) return null;
    const strength = product / energy;
    let variance = 0;
    for (const at of chosen) {
      const left = (x.re[at] - strength * v.re[at]) ** 2 + (x.im[at] - strength * v.im[at]) ** 2;
      variance += timesOf(Math.floor(at / size) % rowsOf(size), size) * (v.re[at] ** 2 + v.im[at] ** 2) * left;
    }
    return { strength, error: Math.sqrt(variance) / energy };
  }

  #moved(pattern: Pattern, shift: Shift): Spectra {
    const { size } = this.#transforms;
    const planes = this.#transforms.planesOf(pattern);
    const moved = new Float64Array(planes.length);
    for (let row = 0; row < 3 * size; row++) {
      const [channel, y] = [Math.floor(row / size), row % size];
      const from = y - shift.y;
      if (from < 0 || from >= size) continue;
      const start = (channel * size + from) * size;
      const line = planes.subarray(start + Math.max(0, -shift.x), start + size - Math.max(0, shift.x));
      moved.set(line, row * size + Math.max(0, shift.x));
    }
    return this.#transforms.ofPlanes(moved);
  }
}

/**
 * The canvas without what says nothing: its mean; what is left of nothing, the rounding of the transform; and the
 * frequencies about the two axes. There a picture whose opposite edges differ has a cross, since the transform takes it
 * for one that repeats itself, and the phases of a cross hang together: they found a perturbation with edges of its own
 * on smooth pictures that had none.
 */
function whitened({ re, im }: Spectra, size: number): Spectra<Float32Array> {
  const white = { re: new Float32Array(re.length), im: new Float32Array(re.length) };
  const level = LEVEL * size;
  const cross = Math.floor(size * CROSS);
  for (let at = 0; at < re.length; at++) {
    const row = Math.floor(at / size) % rowsOf(size);
    const column = Math.min(at % size, size - (at % size));
    const amplitude = Math.hypot(re[at], im[at]);
    if (row <= cross || column <= cross || amplitude < 1e-6 * level) continue;
    const scale = 1 / Math.hypot(amplitude, level);
    white.re[at] = scale * re[at];
    white.im[at] = scale * im[at];
  }
  return white;
}
