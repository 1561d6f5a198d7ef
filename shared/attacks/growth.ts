/** How a perturbation grew: what its middle looked like at some moments of its craft. */

/** Side of the middle in pixels, where v has as many. Each pixel is as it is, since swirls shrink to static. */
const side = 48;
/** Moments that are kept of a whole craft, its end among them. */
export const growthPoints = 12;

export type GrowthPoint = {
  gradients: number;
  /** [3,side,side], in units of 0..255. */
  middle: Float32Array<ArrayBuffer>;
};

export const growthSide = (size: number): number => Math.min(side, size);

/** The middle of v [3,size,size] at its own pixels: [3,growthSide,growthSide]. */
export function middleOf(v: Float32Array, size: number): Float32Array<ArrayBuffer> {
  const part = growthSide(size);
  const from = Math.floor((size - part) / 2);
  const middle = new Float32Array(3 * part * part);
  for (let row = 0; row < 3 * part; row++) {
    const begin = (Math.floor(row / part) * size + from + (row % part)) * size + from;
    middle.set(v.subarray(begin, begin + part), row * part);
  }
  return middle;
}
