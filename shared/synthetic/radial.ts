import { complex, Fourier } from '#shared/fourier';

/**
 * Amplitudes of a picture by spatial frequency: for each whole number of cycles over its side up to half its pixels,
 * the root of the summed power of all frequencies that are nearest to it, over the three colours.
 *
 * @param v [3,size,size]
 */
export function radialSpectrum(v: Float32Array, size: number): Float64Array<ArrayBuffer> {
  const plane = size * size;
  const fourier = new Fourier(size);
  const power = new Float64Array(Math.floor(size / 2) + 1);
  for (let from = 0; from < v.length; from += plane) {
    const picture = complex(plane);
    picture.re.set(v.subarray(from, from + plane));
    fourier.forward(picture);
    for (let i = 0; i < plane; i++) {
      const cycles = Math.round(Math.hypot(frequency(i % size, size), frequency(Math.floor(i / size), size)));
      if (cycles < power.length) power[cycles] += picture.re[i] ** 2 + picture.im[i] ** 2;
    }
  }
  return power.map(Math.sqrt);
}

/** Cycles over the side, negative ones for the second half of the transform. */
export const frequency = (index: number, size: number) => (index <= size / 2 ? index : index - size);
