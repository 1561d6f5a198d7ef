/** Canvases of a craft as pictures. */
import { amplifyToRgba, applyPerturbation } from '../../shared/images/perturb.ts';
import { canvasToRgba, type Rgba } from '../../shared/images/pixels.ts';

/** A pattern made visible about grey, as everywhere on the site. @param v [3,size,size] */
export const drawPattern = (to: HTMLCanvasElement, v: Float32Array, size: number) => draw(to, amplifyToRgba(v, size));

/** A photo, with a pattern on it where there is one. */
export const drawPhoto = (to: HTMLCanvasElement, canvas: Uint8Array, v: Float32Array | null, size: number) =>
  draw(to, canvasToRgba(v ? applyPerturbation(canvas, v) : canvas, size));

function draw(to: HTMLCanvasElement, { data, width, height }: Rgba) {
  if (to.width !== width) Object.assign(to, { width, height });
  const pixels = new Uint8ClampedArray(data.length);
  pixels.set(data);
  to.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
}

/** Pixels of the screen for a picture of `size` about as large as `wanted`: a whole multiple, or a whole part. */
export function sideFor(size: number, wanted: number): number {
  return size <= wanted ? size * Math.floor(wanted / size) : size / Math.max(1, Math.round(size / wanted));
}
