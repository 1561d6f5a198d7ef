/**
 * The picture of a published photo without the codecs, the float pattern or a worker: its canvas and the amplified
 * pattern are pictures without loss, which the browser reads by itself.
 *
 * The canvas is exact. The pattern has 8 bits: v is (p - 128) linf / 127, off by linf / 254 at most. A pixel that the
 * networks saw can therefore differ from the one that is drawn by 1 of 255, where the rounding falls the other way;
 * where |v| is linf, which is most of a pattern under the bound l-inf, none does.
 */
import { round8 } from '../../shared/images/pixels.ts';
import { remember } from '../runtime/remember.ts';
import { LabError } from './failure.ts';
import type { Picture } from './machine.ts';
import type { Pixels } from './protocol.ts';

/** The canvas with `strength` times the pattern; both RGBA of the same size. */
export function perturbed(clean: Pixels, pattern: Pixels, linf: number, strength: number): Picture {
  const factor = (strength * linf) / 127;
  const pixels = new Uint8ClampedArray(clean);
  let largest = 0;
  let squares = 0;
  for (let i = 0; i < clean.length; i++) {
    // Alpha stays.
    if (i % 4 === 3) continue;
    const value = round8(clean[i] + factor * (pattern[i] - 128));
    const difference = Math.abs(value - clean[i]);
    if (difference > largest) largest = difference;
    squares += difference * difference;
    pixels[i] = value;
  }
  const values = (3 * clean.length) / 4;
  const psnr = squares === 0 ? null : 10 * Math.log10((255 * 255 * values) / squares);
  return { clean: new Uint8ClampedArray(clean), perturbed: pixels, linf: largest, psnr };
}

/** The pixels of a PNG of the site. */
export const pixelsAt = remember(async (url: string): Promise<Pixels> => {
  const image = new Image();
  image.src = url;
  await image.decode();
  const context = contextOf(image.naturalWidth, image.naturalHeight);
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.naturalWidth, image.naturalHeight).data as Pixels;
}, 24);

/** Whether a canvas gives back what was put there: some browsers blur it against fingerprinting. */
export function isFaithful(): boolean {
  const pixels = new Uint8ClampedArray(4 * 64).map((_, i) => (i % 4 === 3 ? 255 : (i * 37) % 256));
  const context = contextOf(8, 8);
  context.putImageData(new ImageData(pixels, 8, 8), 0, 0);
  return context.getImageData(0, 0, 8, 8).data.every((value, i) => value === pixels[i]);
}

function contextOf(width: number, height: number): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new LabError('photo', 'This browser cannot draw the photograph.');
  return context;
}
