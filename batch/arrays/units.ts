/** What the numbers of a file stand for: which multiple of them is in units of 0..255. */

import { UsageError } from '#shared/errors';
import { linfNorm } from '#shared/images';

/**
 * The unit of a file: how far it is from black to white in it (255 for 0..255, 1 for 0..1, 2 for -1..1), or the std of
 * red, green and blue that a model's input was divided by, in the unit of 0..1.
 */
export type Scale = number | readonly [red: number, green: number, blue: number];

/** How scales may be written. */
export const scaleForms = '255, 1, 0..1, -1..1, any other number or range from black to white, or a std of r,g,b';

const number = '[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?';

/**
 * "255", "0..1", "-1..1", "0.229,0.224,0.225"; a std above 1 is one in the unit of 0..255.
 * @throws UsageError for anything else.
 */
export function parseScale(text: string): Scale {
  const parts = text.split(',').map((part) => (new RegExp(`^\\s*${number}\\s*$`, 'i').test(part) ? Number(part) : NaN));
  if (parts.length === 3 && parts.every((part) => part > 0 && part <= 255)) {
    const unit = Math.max(...parts) > 1 ? 255 : 1;
    return [parts[0] / unit, parts[1] / unit, parts[2] / unit];
  }
  const range = new RegExp(`^\\s*(${number})\\s*\\.\\.\\s*(${number})\\s*$`, 'i').exec(text);
  const width = range ? Number(range[2]) - Number(range[1]) : parts.length === 1 ? parts[0] : Number.NaN;
  if (width > 0 && Number.isFinite(width)) return width;
  throw new UsageError(`"${text.slice(0, 60)}" is no scale of a perturbation. It takes ${scaleForms}.`);
}

/** A scale as people say it. */
export function scaleText(scale: Scale): string {
  if (typeof scale !== 'number') return `divided by a std of ${scale.join(', ')} (of 0..1)`;
  if (scale === 2) return 'of -1..1';
  return `of 0..${scale}`;
}

/** Multiplies red, green and blue planes into units of 0..255. */
export function toPixels(v: Float32Array, scale: Scale): void {
  const plane = v.length / 3;
  const factors = typeof scale === 'number' ? [1, 1, 1].map((one) => (255 * one) / scale) : scale.map((s) => 255 * s);
  factors.forEach((factor, channel) => {
    if (factor === 1) return;
    for (let i = channel * plane; i < (channel + 1) * plane; i++) v[i] *= factor;
  });
}

/** Up to here a largest value may be one of 0..1, of -1..1, or of an input divided by a std. */
const unclear = 2;

/** The unit of numbers of which only their size is known. @throws UsageError where that does not tell. */
export function scaleOf(path: string, v: Float32Array): Scale {
  const largest = linfNorm(v);
  if (largest > unclear) return 255;
  const as = (scale: number) => `${scale} (largest value ${((255 * largest) / scale).toPrecision(3)} of 255)`;
  throw new UsageError(
    `The perturbation ${path} has no value beyond ${largest.toPrecision(3)}, which does not tell its unit. Say it with --scale ("scale" in a study): ${as(1)} for pixels of 0..1, ${as(2)} for -1..1, ${as(255)} for 0..255, or the std that it was divided by, such as 0.229,0.224,0.225.`,
  );
}

/** A value further than this from nothing, or in a picture from the middle grey, is beyond any usual bound. */
export const mostUsual = 64;
const grey = 128;

/**
 * Takes the middle grey from an array in which every value is near it: such a one is a picture of a perturbation.
 * @returns A sentence for people, or null where it is none.
 */
export function withoutGrey(v: Float32Array): string | null {
  if (!v.every((value) => value >= grey - mostUsual && value <= grey + mostUsual)) return null;
  const isWhole = v.every((value) => Math.abs(value - Math.round(value)) < 1e-3);
  const middle = isWhole ? grey : 127.5;
  for (let i = 0; i < v.length; i++) v[i] -= middle;
  return `All its values lie around the middle grey: it is read as a picture, ${middle} + v.`;
}

/**
 * Pixels of 0..255 around the middle grey to v, as they are or amplified.
 * @throws UsageError where they are those of an unsigned array that v itself was put into.
 */
export function fromPicture(path: string, v: Float32Array): void {
  // Amplified signs are near black and white too, but nowhere in between.
  const fromZero = (value: number) => Math.min(value, 256 - value);
  if (v.every((value) => fromZero(value) <= mostUsual) && v.some((value) => fromZero(value) > 2))
    throw new UsageError(
      `The perturbation ${path} has pixels of 0..255, and none near the middle grey: it is no picture of a perturbation, 128 + v, and its negative values are lost or have wrapped around. Save it as int8 or float32.`,
    );
  for (let i = 0; i < v.length; i++) v[i] -= grey;
}
