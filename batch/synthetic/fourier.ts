/** A picture [size,size] of complex numbers. */
export interface Spectrum {
  re: Float64Array;
  im: Float64Array;
}

/**
 * The discrete Fourier transform of squares of one size, any size: X[k] = sum x[n] exp(-2 pi i k n / size) along both
 * axes, by splitting off the smallest prime factor each time (J. W. Cooley, J. W. Tukey, "An algorithm for the machine
 * calculation of complex Fourier series", Mathematics of Computation 19, 1965).
 */
export class Fourier {
  readonly #size: number;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #line: Spectrum;
  readonly #out: Spectrum;
  readonly #parts: Spectrum;

  constructor(size: number) {
    this.#size = size;
    this.#cos = Float64Array.from({ length: size }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#sin = Float64Array.from({ length: size }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
    [this.#line, this.#out, this.#parts] = [0, 1, 2].map(() => complex(size));
  }

  /** The transform, in place. */
  forward({ re, im }: Spectrum): void {
    const size = this.#size;
    for (let i = 0; i < size; i++) this.#transformLine(re, im, i * size, 1);
    for (let i = 0; i < size; i++) this.#transformLine(re, im, i, size);
  }

  /** The picture whose transform it is, in place. */
  inverse({ re, im }: Spectrum): void {
    // Conjugating twice is swapping the parts twice.
    this.forward({ re: im, im: re });
    const scale = 1 / (this.#size * this.#size);
    for (let i = 0; i < re.length; i++) {
      re[i] *= scale;
      im[i] *= scale;
    }
  }

  #transformLine(re: Float64Array, im: Float64Array, start: number, step: number): void {
    const [line, out, size] = [this.#line, this.#out, this.#size];
    for (let i = 0, at = start; i < size; i++, at += step) {
      line.re[i] = re[at];
      line.im[i] = im[at];
    }
    this.#split(0, 1, size, 0);
    for (let i = 0, at = start; i < size; i++, at += step) {
      re[at] = out.re[i];
      im[at] = out.im[i];
    }
  }

  /** Of the line's `count` values from `from` on, `step` apart, into the output from `to` on. */
  #split(from: number, step: number, count: number, to: number): void {
    if (count === 1) {
      this.#out.re[to] = this.#line.re[from];
      this.#out.im[to] = this.#line.im[from];
      return;
    }
    const prime = smallestFactor(count);
    const length = count / prime;
    for (let r = 0; r < prime; r++) this.#split(from + r * step, step * prime, length, to + r * length);
    const { re, im } = this.#out;
    const [cos, sin, size, { re: partsRe, im: partsIm }] = [this.#cos, this.#sin, this.#size, this.#parts];
    for (let k = 0; k < length; k++) {
      for (let q = 0; q < prime; q++) {
        let sumRe = 0;
        let sumIm = 0;
        // exp(-2 pi i r (k + q length) / count), in steps of the table, which has `size` of them.
        const turn = (k + q * length) * step;
        for (let r = 0, angle = 0, at = to + k; r < prime; r++, at += length) {
          sumRe += re[at] * cos[angle] - im[at] * sin[angle];
          sumIm += re[at] * sin[angle] + im[at] * cos[angle];
          angle += turn;
          if (angle >= size) angle -= size;
        }
        partsRe[q] = sumRe;
        partsIm[q] = sumIm;
      }
      for (let q = 0, at = to + k; q < prime; q++, at += length) {
        re[at] = partsRe[q];
        im[at] = partsIm[q];
      }
    }
  }
}

/** Room for `length` complex numbers, all zero. */
export const complex = (length: number): Spectrum => ({ re: new Float64Array(length), im: new Float64Array(length) });

function smallestFactor(value: number): number {
  for (let factor = 2; factor * factor <= value; factor++) if (value % factor === 0) return factor;
  return value;
}
