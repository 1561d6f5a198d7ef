/**
 * The phase twin of a picture: its colours and its spectrum, and none of its shapes. Phases are drawn at random, the
 * same turn for each colour, so that what the colours have in common stays (D. Prichard, J. Theiler, "Generating
 * surrogate data for time series with several simultaneously measured variables", Physical Review Letters 73, 1994).
 *
 * Random phases alone would make a picture of another norm: values of +-10 would become a bell of the same length and a
 * largest value of 40. So values and spectrum are put right by turns (T. Schreiber, A. Schmitz, "Improved surrogate
 * data for nonlinearity tests", Physical Review Letters 77, 1996): the values of the picture are laid out in the order
 * of what has its spectrum, then the spectrum of that is corrected. It ends with the values: they are exactly those of
 * the picture, so that both norms are, and the spectrum nearly is.
 */
import { complex, Fourier, type Spectrum } from '#shared/fourier';
import { random } from './random.ts';

/** Four leave 14 % of the spectrum of a starter perturbation wrong (root of the squares), one 30 %, eight 10 %. */
const rounds = 4;

/** @param v [3,size,size] */
export function phaseTwin(v: Float32Array, size: number, seed: number): Float32Array<ArrayBuffer> {
  const plane = size * size;
  const fourier = new Fourier(size);
  const turns = randomTurns(fourier, plane, seed);
  const twin = new Float32Array(v.length);
  for (let from = 0; from < v.length; from += plane) {
    const values = v.subarray(from, from + plane);
    const picture = complex(plane);
    picture.re.set(values);
    fourier.forward(picture);
    const amplitudes = picture.re.map((re, i) => Math.hypot(re, picture.im[i]));
    multiply(picture, turns);
    fourier.inverse(picture);
    const sorted = Float32Array.from(values).sort();
    for (let round = 0; round < rounds; round++) {
      layOut(sorted, picture.re);
      if (round === rounds - 1) break;
      picture.im.fill(0);
      fourier.forward(picture);
      setAmplitudes(picture, amplitudes);
      fourier.inverse(picture);
    }
    twin.set(picture.re, from);
  }
  return twin;
}

/** Complex numbers of length 1 that turn a spectrum of real values into another: the phases of white noise. */
function randomTurns(fourier: Fourier, plane: number, seed: number): Spectrum {
  const draw = random(seed, 'phase twin');
  const noise = complex(plane);
  for (let i = 0; i < plane; i++) noise.re[i] = draw.normal();
  fourier.forward(noise);
  setAmplitudes(noise, new Float64Array(plane).fill(1));
  // The mean keeps its sign.
  noise.re[0] = 1;
  noise.im[0] = 0;
  return noise;
}

function multiply(spectrum: Spectrum, by: Spectrum): void {
  for (let i = 0; i < spectrum.re.length; i++) {
    const re = spectrum.re[i] * by.re[i] - spectrum.im[i] * by.im[i];
    spectrum.im[i] = spectrum.re[i] * by.im[i] + spectrum.im[i] * by.re[i];
    spectrum.re[i] = re;
  }
}

function setAmplitudes({ re, im }: Spectrum, amplitudes: Float64Array): void {
  for (let i = 0; i < re.length; i++) {
    const length = Math.hypot(re[i], im[i]);
    const scale = length > 0 ? amplitudes[i] / length : 0;
    re[i] *= scale;
    im[i] *= scale;
  }
}

/** Puts sorted values in the place of others, in their order. Of equals the one that comes first is the smaller. */
function layOut(sorted: Float32Array, over: Float64Array): void {
  const order = over.slice().sort();
  // How many of a value have their place already, where the first of them would be.
  const taken = new Uint32Array(over.length);
  for (let i = 0; i < over.length; i++) {
    let [low, high] = [0, over.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (order[middle] < over[i]) low = middle + 1;
      else high = middle;
    }
    over[i] = sorted[low + taken[low]++];
  }
}
