import jpegUrl from '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm?url';
import pngUrl from '@jsquash/png/codec/pkg/squoosh_png_bg.wasm?url';
import webpUrl from '@jsquash/webp/codec/dec/webp_dec.wasm?url';
import { readNpy } from '#shared/formats';
import {
  applyPerturbation,
  type CanvasFit,
  type Codecs,
  canvasToRgba,
  createCodecs,
  distortion,
  ImageError,
} from '#shared/images';
import { download } from '../runtime/download.ts';
import { remember } from '../runtime/remember.ts';
import { LabError } from './failure.ts';

// The same codecs as in batch and at the edge, not the browser's own: another JPEG decoder gives other pixels, and now
// and then another label.
const codecs = remember(async (_key: 'codecs'): Promise<Codecs> => {
  const [jpeg, png, webp] = await Promise.all(
    [jpegUrl, pngUrl, webpUrl].map(async (url) => await WebAssembly.compile(await download(url))),
  );
  return createCodecs({ jpeg, png, webp });
}, 1);

/** The canvas [3,size,size] of the photo at an address, with its key "<size> <fit> <url>". */
export const canvasOf = remember(async (key: string): Promise<Float32Array> => {
  const [size, fit, ...address] = key.split(' ');
  const [bytes, { canvas }] = await Promise.all([download(address.join(' ')), codecs('codecs')]);
  return await canvas(bytes, Number(size), fit as CanvasFit).catch((error: unknown) => {
    // The codecs' own words are for visitors: what is wrong with the picture, and what to do.
    throw new LabError('photo', error instanceof ImageError ? error.message : undefined, error);
  });
}, 16);

/** The values [3,S,S] of the perturbation.npy at an address. */
export const perturbationOf = remember(async (url: string): Promise<Float32Array> => {
  const { data } = readNpy(await download(url));
  return Float32Array.from(data as Float32Array);
}, 16);

/** The picture of an amplified pattern about its grey: [3,S,S], -128..127. */
export async function amplifiedOf(url: string): Promise<Float32Array> {
  const [bytes, { decode }] = await Promise.all([download(url), codecs('codecs')]);
  const { data, width, height } = await decode(bytes);
  const plane = width * height;
  return Float32Array.from({ length: 3 * plane }, (_, i) => data[4 * (i % plane) + Math.floor(i / plane)] - 128);
}

/** The perturbed canvas, and both as pictures with how far they are apart. */
export function compose(clean: Float32Array, v: Float32Array, strength: number, size: number) {
  const perturbed = applyPerturbation(clean, v, strength);
  const { linf, psnr } = distortion(clean, perturbed);
  const pixels = (canvas: Float32Array) => new Uint8ClampedArray(canvasToRgba(canvas, size).data);
  return { perturbed, picture: { clean: pixels(clean), perturbed: pixels(perturbed), linf, psnr } };
}
