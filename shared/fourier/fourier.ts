/** A picture [size,size] of complex numbers. */
export interface Spectrum {
  re: Float64Array;
  im: Float64Array;
}

/** One step of a transform: how many parts it joins, and how many of them follow each other. */
interface Stage {
  radix: number;
  /** Length of the transforms that are left before it. */
  length: number;
  /** Pictures' lines that lie between two neighbours of one transform. */
  stride: number;
}

/**
 * The discrete Fourier transform of squares of one size, any size: X[k] = sum x[n] exp(-2 pi i k n / size) along both
 * axes, by splitting off a factor each time (J. W. Cooley, J. W. Tukey, "An algorithm for the machine calculation of
 * complex Fourier series", Mathematics of Computation 19, 1965), in the order that needs no reversal of bits
 * (T. G. Stockham, "High-speed convolution and correlation", AFIPS 1966). All columns are transformed at once, so that
 * the innermost loop runs along whole lines of the picture with one factor of unit length; rows are columns once the
 * picture is transposed.
 */
export class Fourier {
  readonly #size: number;
  readonly #stages: Stage[];
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #scratch: Spectrum;

  constructor(size: number) {
    this.#size = size;
    this.#stages = stagesOf(size);
    this.#cos = Float64Array.from({ length: size }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#sin = Float64Array.from({ length: size }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
    this.#scratch = complex(size * size);
  }

  /** The transform, in place. */
  forward(picture: Spectrum): void {
    for (let axis = 0; axis < 2; axis++) {
      this.#columns(picture);
      transpose(picture.re, this.#size);
      transpose(picture.im, this.#size);
    }
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

  #columns(picture: Spectrum): void {
    let [from, to] = [picture, this.#scratch];
    for (const stage of this.#stages) {
      this.#join(stage, from, to);
      [from, to] = [to, from];
    }
    if (from === picture) return;
    picture.re.set(from.re);
    picture.im.set(from.im);
  }

  /** y[r p + u] = exp(-2 pi i p u / length) sum over t of x[p + t length / r] exp(-2 pi i t u / r), r the radix. */
  #join({ radix, length, stride }: Stage, x: Spectrum, y: Spectrum): void {
    const size = this.#size;
    const run = stride * size;
    const parts = length / radix;
    for (let p = 0; p < parts; p++) {
      for (let u = 0; u < radix; u++) {
        const to = run * (radix * p + u);
        // The factors of the parts, in steps of the table, which has `size` of them.
        const turns = Array.from({ length: radix }, (_, t) => ((p * u + t * u * parts) * stride) % size);
        const starts = turns.map((_, t) => run * (p + t * parts));
        if (radix === 2) this.#addTwo(x, y, to, run, starts, turns);
        else if (radix === 4) this.#addFour(x, y, to, run, starts, turns);
        else this.#addMany(x, y, to, run, starts, turns);
      }
    }
  }

  #addTwo(x: Spectrum, y: Spectrum, to: number, run: number, [a, b]: number[], turns: number[]): void {
    const [c0, c1] = turns.map((turn) => this.#cos[turn]);
    const [s0, s1] = turns.map((turn) => this.#sin[turn]);
    const [xr, xi, yr, yi] = [x.re, x.im, y.re, y.im];
    for (let q = 0; q < run; q++) {
      const ar = xr[a + q];
      const ai = xi[a + q];
      const br = xr[b + q];
      const bi = xi[b + q];
      yr[to + q] = ar * c0 - ai * s0 + br * c1 - bi * s1;
      yi[to + q] = ar * s0 + ai * c0 + br * s1 + bi * c1;
    }
  }

  #addFour(x: Spectrum, y: Spectrum, to: number, run: number, [a, b, c, d]: number[], turns: number[]): void {
    const [c0, c1, c2, c3] = turns.map((turn) => this.#cos[turn]);
    const [s0, s1, s2, s3] = turns.map((turn) => this.#sin[turn]);
    const [xr, xi, yr, yi] = [x.re, x.im, y.re, y.im];
    for (let q = 0; q < run; q++) {
      const ar = xr[a + q];
      const ai = xi[a + q];
      const br = xr[b + q];
      const bi = xi[b + q];
      const cr = xr[c + q];
      const ci = xi[c + q];
      const dr = xr[d + q];
      const di = xi[d + q];
      yr[to + q] = ar * c0 - ai * s0 + br * c1 - bi * s1 + cr * c2 - ci * s2 + dr * c3 - di * s3;
      yi[to + q] = ar * s0 + ai * c0 + br * s1 + bi * c1 + cr * s2 + ci * c2 + dr * s3 + di * c3;
    }
  }

  #addMany(x: Spectrum, y: Spectrum, to: number, run: number, starts: number[], turns: number[]): void {
    const [xr, xi, yr, yi] = [x.re, x.im, y.re, y.im];
    yr.fill(0, to, to + run);
    yi.fill(0, to, to + run);
    for (const [t, start] of starts.entries()) {
      const [c, s] = [this.#cos[turns[t]], this.#sin[turns[t]]];
      for (let q = 0; q < run; q++) {
        const ar = xr[start + q];
        const ai = xi[start + q];
        yr[to + q] += ar * c - ai * s;
        yi[to + q] += ar * s + ai * c;
      }
    }
  }
}

/** Room for `length` complex numbers, all zero. */
export const complex = (length: number): Spectrum => ({ re: new Float64Array(length), im: new Float64Array(length) });

function stagesOf(size: number): Stage[] {
  const stages: Stage[] = [];
  for (let length = size, stride = 1; length > 1; ) {
    const radix = length % 4 === 0 ? 4 : smallestFactor(length);
    stages.push({ radix, length, stride });
    length /= radix;
    stride *= radix;
  }
  return stages;
}

function smallestFactor(value: number): number {
  for (let factor = 2; factor * factor <= value; factor++) if (value % factor === 0) return factor;
  return value;
}

/** Swaps rows and columns, in place. */
function transpose(square: Float64Array, size: number): void {
  for (let y = 0; y < size; y++) {
    for (let x = y + 1, across = y * size + x, down = x * size + y; x < size; x++, across++, down += size) {
      const value = square[across];
      square[across] = square[down];
      square[down] = value;
    }
  }
}
