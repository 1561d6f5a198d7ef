/**
 * Variants of a perturbation: each keeps something of it and takes something away, so that what they do tells what
 * about the pattern matters. All are [3,size,size].
 */
import { complex, Fourier } from '#shared/fourier';
import { phaseTwin } from './phase-twin.ts';
import { frequency } from './radial.ts';
import { random } from './random.ts';
import { rearranged } from './rearranged.ts';

export interface VariantOf {
  size: number;
  /** Factor, pixels or cycles over the side, as the kind has it; null where it takes none. */
  amount: number | null;
  seed: number;
}

type Variant = (v: Float32Array<ArrayBuffer>, of: VariantOf) => Float32Array<ArrayBuffer>;

const variants = {
  /** `amount` times as strong; -1 flips the sign. */
  scaled: (v, { amount }) => v.map((value) => Number(amount) * value) as Float32Array<ArrayBuffer>,
  /** Its pixels in another order, the same for the three colours: its values and colours, and no shapes. */
  shuffled: (v, { size, seed }) => {
    const order = random(seed, 'shuffled').order(size * size);
    return rearranged(v, size, (at) => order[at]);
  },
  /** Its values and its spectrum, with other phases. */
  'phase-twin': (v, { size, seed }) => phaseTwin(v, size, seed),
  /** Its frequencies of at most `amount` cycles over the side. With those above it is the whole again. */
  low: (v, { size, amount }) => passed(v, size, (cycles) => cycles <= Number(amount)),
  /** Its frequencies of more than `amount` cycles over the side. */
  high: (v, { size, amount }) => passed(v, size, (cycles) => cycles > Number(amount)),
  /** Turned by 90 degrees, clockwise. */
  rotated: (v, { size }) => rearranged(v, size, (at) => (size - 1 - (at % size)) * size + Math.floor(at / size)),
  /** Moved to the right and down by `amount` pixels; what leaves on one side comes in on the other. */
  moved: (v, { size, amount }) => {
    const back = (index: number) => (((index - Number(amount)) % size) + size) % size;
    return rearranged(v, size, (at) => back(Math.floor(at / size)) * size + back(at % size));
  },
  /** Gaussian noise of the same length (Euclidean), which is all that it has of it. */
  gaussian: (v, { seed }) => {
    const draw = random(seed, 'gaussian');
    const noise = new Float32Array(v.length).map(() => draw.normal());
    const lengthOf = (of: Float32Array) => Math.sqrt(of.reduce((sum, value) => sum + value * value, 0));
    const scale = lengthOf(v) / lengthOf(noise);
    return noise.map((value) => scale * value);
  },
} satisfies Record<string, Variant>;

export type VariantKind = keyof typeof variants;

/** A variant of a perturbation. */
export const variantOf = (v: Float32Array<ArrayBuffer>, kind: VariantKind, of: VariantOf): Float32Array<ArrayBuffer> =>
  (variants[kind] as Variant)(v, of);

/** What a sharp filter leaves of the frequencies. */
function passed(v: Float32Array, size: number, passes: (cycles: number) => boolean): Float32Array<ArrayBuffer> {
  const plane = size * size;
  const fourier = new Fourier(size);
  const out = new Float32Array(v.length);
  for (let from = 0; from < v.length; from += plane) {
    const picture = complex(plane);
    picture.re.set(v.subarray(from, from + plane));
    fourier.forward(picture);
    for (let i = 0; i < plane; i++) {
      if (passes(Math.hypot(frequency(i % size, size), frequency(Math.floor(i / size), size)))) continue;
      picture.re[i] = 0;
      picture.im[i] = 0;
    }
    fourier.inverse(picture);
    out.set(picture.re, from);
  }
  return out;
}
