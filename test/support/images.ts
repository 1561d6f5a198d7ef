import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import encodeJpeg, { init as initJpeg } from '@jsquash/jpeg/encode.js';
import encodeWebp, { init as initWebp } from '@jsquash/webp/encode.js';
import { type Codecs, createCodecs, type Rgba } from '#shared/images';

const { resolve } = createRequire(import.meta.url);
const compile = async (file: string) => await WebAssembly.compile(await readFile(resolve(file)));

/** The project's own codecs, in Node. */
export async function nodeCodecs(): Promise<Codecs> {
  const [jpeg, png, webp] = await Promise.all(
    [
      '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
      '@jsquash/png/codec/pkg/squoosh_png_bg.wasm',
      '@jsquash/webp/codec/dec/webp_dec.wasm',
    ].map(compile),
  );
  return createCodecs({ jpeg, png, webp });
}

/** A WebP file of a picture, without loss. */
export async function webpOf({ data, width, height }: Rgba): Promise<Uint8Array> {
  await initWebp(await compile('@jsquash/webp/codec/enc/webp_enc.wasm'));
  const picture = { data: new Uint8ClampedArray(data), width, height, colorSpace: 'srgb' } as ImageData;
  return new Uint8Array(await encodeWebp(picture, { lossless: 1 }));
}

/** A JPEG file of a picture, baseline or progressive. */
export async function jpegOf({ data, width, height }: Rgba, { progressive = false, quality = 75 } = {}) {
  await initJpeg(await compile('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'));
  const picture = { data: new Uint8ClampedArray(data), width, height, colorSpace: 'srgb' } as ImageData;
  const options = { quality, progressive, baseline: !progressive, optimize_coding: progressive };
  return new Uint8Array(await encodeJpeg(picture, options));
}

/** A picture of soft colours of any size, made up. */
export function gradient(width: number, height: number): Rgba {
  const data = new Uint8Array(4 * width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 4) {
      data[i] = (255 * x) / width;
      data[i + 1] = (255 * y) / height;
      data[i + 2] = (x ^ y) & 64;
      data[i + 3] = 255;
    }
  }
  return { data, width, height };
}

/** The first bytes of a PNG that claims a size; nothing follows its header. */
export function pngHeader(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(33);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  bytes.set([8, 6], 24);
  return bytes;
}

const starterPhotos = new URL('../../zoo/starter/photos/', import.meta.url);

/**
 * What batch, Worker and browser are compared on: `count` starter photos spread over the whole folder, in the order of
 * their names.
 */
export async function parityPhotos(count = 20): Promise<{ name: string; bytes: Uint8Array<ArrayBuffer> }[]> {
  const names = (await readdir(starterPhotos)).filter((name) => name.endsWith('.jpg')).sort();
  const chosen = Array.from({ length: count }, (_, i) => names[Math.floor((i * names.length) / count)]);
  return Promise.all(
    chosen.map(async (name) => ({ name, bytes: new Uint8Array(await readFile(new URL(name, starterPhotos))) })),
  );
}
