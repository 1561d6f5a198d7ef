import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import encode, { init } from '@jsquash/jpeg/encode.js';
import { canvasToRgba } from '#shared/images';
import { codecs } from './codecs.ts';

/** Node has it; Node's types do not. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<never> };

let started: Promise<unknown> | undefined;

/**
 * As most encoders write: baseline, with the tables of the standard's Annex K. Huffman codes are made for the picture:
 * with the standard's, MozJPEG writes files of some pictures that no decoder reads to the end.
 */
const settings = { baseline: true, progressive: false, optimize_coding: true, quant_table: 0 } as const;

/**
 * What is left of a canvas [3,size,size] once it has been saved as a JPEG and opened again.
 * @param quality 0..100
 */
export async function throughJpeg(canvas: ArrayLike<number>, size: number, quality: number): Promise<Uint8Array> {
  started ??= start();
  await started;
  const { data } = canvasToRgba(canvas, size);
  const file = await encode({ data, width: size, height: size } as Parameters<typeof encode>[0], {
    quality,
    ...settings,
  });
  // Not as a photo, of which a canvas shows the middle: pixel by pixel.
  const opened = await (await codecs()).decode(new Uint8Array(file));
  const plane = size * size;
  const pixels = new Uint8Array(3 * plane);
  for (let i = 0; i < plane; i++)
    for (let channel = 0; channel < 3; channel++) pixels[channel * plane + i] = opened.data[4 * i + channel];
  return pixels;
}

async function start(): Promise<void> {
  const path = fileURLToPath(import.meta.resolve('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'));
  await init(await WebAssembly.compile(await readFile(path)));
}
