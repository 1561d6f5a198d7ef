import { complex, Fourier, type Spectrum } from '#shared/fourier';

/**
 * The transforms of the three planes of a picture [3,size,size]: [3,rows,size], of which rows 0..size/2 say all, since
 * the planes are real.
 */
export interface Spectra<Values extends Float32Array | Float64Array = Float32Array | Float64Array> {
  re: Values;
  im: Values;
}

/** How many rows of a transform are kept. */
export const rowsOf = (size: number): number => Math.floor(size / 2) + 1;

/** How often a kept row stands in the whole transform: once, or once more as its conjugate. */
export const timesOf = (row: number, size: number): 1 | 2 => (row === 0 || 2 * row === size ? 1 : 2);

/**
 * Red, green and blue turned to grey and two differences of colours, an orthonormal basis. In photos the three are
 * nearly uncorrelated (G. Buchsbaum, A. Gottschalk, "Trichromacy, opponent colours coding and optimum colour
 * information transmission in the retina", Proceedings of the Royal Society B 220, 1983), so that each counts on its
 * own; the photo is faint in the differences, which leaves a perturbation bare there.
 */
const opponent = [
  [1, 1, 1].map((part) => part / Math.sqrt(3)),
  [1, 0, -1].map((part) => part / Math.SQRT2),
  [-1, 2, -1].map((part) => part / Math.sqrt(6)),
];

/** Transforms of pictures of one size, and back. */
export class Transforms {
  readonly size: number;
  readonly #fourier: Fourier;
  readonly #work: Spectrum;

  constructor(size: number) {
    this.size = size;
    this.#fourier = new Fourier(size);
    this.#work = complex(size * size);
  }

  /** @param picture [3,size,size], RGB */
  ofPicture(picture: ArrayLike<number>): Spectra<Float64Array> {
    const plane = this.size * this.size;
    const planes = new Float64Array(3 * plane);
    for (const [channel, [r, g, b]] of opponent.entries()) {
      for (let i = 0, at = channel * plane; i < plane; i++, at++)
        planes[at] = r * picture[i] + g * picture[plane + i] + b * picture[2 * plane + i];
    }
    return this.ofPlanes(planes);
  }

  /** @param planes [3,size,size], in the basis above */
  ofPlanes(planes: Float64Array): Spectra<Float64Array> {
    const { size } = this;
    const plane = size * size;
    const kept = rowsOf(size) * size;
    const found = { re: new Float64Array(3 * kept), im: new Float64Array(3 * kept) };
    const { re, im } = this.#work;
    // Two real planes are one of complex numbers: what is even and odd about its transform belongs to one each.
    re.set(planes.subarray(0, plane));
    im.set(planes.subarray(plane, 2 * plane));
    this.#fourier.forward(this.#work);
    for (let y = 0, i = 0; y < rowsOf(size); y++) {
      for (let x = 0; x < size; x++, i++) {
        const opposite = ((size - y) % size) * size + ((size - x) % size);
        found.re[i] = (re[i] + re[opposite]) / 2;
        found.im[i] = (im[i] - im[opposite]) / 2;
        found.re[kept + i] = (im[i] + im[opposite]) / 2;
        found.im[kept + i] = (re[opposite] - re[i]) / 2;
      }
    }
    re.set(planes.subarray(2 * plane));
    im.fill(0);
    this.#fourier.forward(this.#work);
    found.re.set(re.subarray(0, kept), 2 * kept);
    found.im.set(im.subarray(0, kept), 2 * kept);
    return found;
  }

  /** The planes [3,size,size], in the basis above. */
  planesOf({ re, im }: Spectra): Float64Array {
    const plane = this.size * this.size;
    const kept = rowsOf(this.size) * this.size;
    const planes = new Float64Array(3 * plane);
    for (let channel = 0; channel < 3; channel++) {
      const [from, to] = [channel * kept, (channel + 1) * kept];
      planes.set(this.realOf({ re: re.subarray(from, to), im: im.subarray(from, to) }), channel * plane);
    }
    return planes;
  }

  /** The real plane [size,size] of the kept rows of its transform; it is overwritten by the next transform. */
  realOf(half: Spectra): Float64Array {
    const { size } = this;
    const { re, im } = this.#work;
    re.set(half.re);
    im.set(half.im);
    for (let y = rowsOf(size); y < size; y++) {
      for (let x = 0, i = y * size; x < size; x++, i++) {
        const opposite = (size - y) * size + ((size - x) % size);
        re[i] = half.re[opposite];
        im[i] = -half.im[opposite];
      }
    }
    this.#fourier.inverse(this.#work);
    return re;
  }
}
