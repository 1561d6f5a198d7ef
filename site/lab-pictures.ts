/** The photographs of the lab and of the wall as pictures of their own size, made while the site is built. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import encodeWebp, { init } from '@jsquash/webp/encode.js';
import { canvasToRgba, createCodecs, type Rgba } from '#shared/images';
import { loadAtlas, readFile } from './release.ts';

/** A copy that is only looked at. */
const QUALITY = 72;

/** A published photo as networks see it, with so many pixels to a side. */
export async function photoPixels(key: string, size: number): Promise<Rgba> {
  const { canvas } = await codecs();
  const fit = size === loadAtlas().manifest.canvas ? loadAtlas().manifest.fit : undefined;
  return canvasToRgba(await canvas(new Uint8Array(readFile(key)), size, fit), size);
}

/** The canvas itself, without loss: what the networks read, and what patterns are added to. */
export async function canvasPng(key: string): Promise<Uint8Array<ArrayBuffer>> {
  return await (await codecs()).encodePng(await photoPixels(key, loadAtlas().manifest.canvas));
}

export async function webp({ data, width, height }: Rgba): Promise<Uint8Array<ArrayBuffer>> {
  encoder ??= compiled('@jsquash/webp/codec/enc/webp_enc_simd.wasm').then((module) => init(module));
  await encoder;
  return new Uint8Array(await encodeWebp({ data, width, height } as unknown as ImageData, { quality: QUALITY }));
}

let encoder: Promise<unknown> | undefined;
let decoders: Promise<ReturnType<typeof createCodecs>> | undefined;

function codecs() {
  decoders ??= Promise.all(
    [
      '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
      '@jsquash/png/codec/pkg/squoosh_png_bg.wasm',
      '@jsquash/webp/codec/dec/webp_dec.wasm',
    ].map(compiled),
  ).then(([jpeg, png, webp]) => createCodecs({ jpeg, png, webp }, { maxPixels: 100_000_000 }));
  return decoders;
}

/** A file of a package, found from the checkout: built pages lie elsewhere. */
async function compiled(file: string): Promise<WebAssembly.Module> {
  const path = createRequire(join(process.cwd(), 'package.json')).resolve(file);
  return await WebAssembly.compile(readFileSync(path));
}
