// JPEG, PNG and WebP by the same WebAssembly codecs in Node, workerd and browsers. The platform hands in the compiled modules, since each gets at them in
// its own way (and workerd compiles no bytes at run time).
import decodeJpeg, { init as initJpeg } from '@jsquash/jpeg/decode.js';
import decodePng, { init as initPng } from '@jsquash/png/decode.js';
import encodePng, { init as initPngEncoder } from '@jsquash/png/encode.js';
import decodeWebp, { init as initWebp } from '@jsquash/webp/decode.js';
import type { Rgba } from './canvas.ts';
import { type ImageHeader, sniffImage } from './header.ts';

/** 16 megapixels are 64 MB of RGBA: half of what a Worker has in all. */
export const MAX_PIXELS = 16_000_000;

export type ImageErrorCode = 'unknown-type' | 'unsupported' | 'too-large' | 'corrupt';

/** Why bytes did not become a picture. */
export class ImageError extends Error {
  override name = 'ImageError';
  code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface CodecModules {
  /** @jsquash/jpeg/codec/dec/mozjpeg_dec.wasm */
  jpeg: WebAssembly.Module;
  /** @jsquash/png/codec/pkg/squoosh_png_bg.wasm: decodes and encodes. */
  png: WebAssembly.Module;
  /** @jsquash/webp/codec/dec/webp_dec.wasm */
  webp: WebAssembly.Module;
}

export interface Codecs {
  /** The picture upright, its transparent parts over white. @throws ImageError */
  decode(bytes: Uint8Array): Promise<Rgba>;
  encodePng(image: Rgba): Promise<Uint8Array<ArrayBuffer>>;
}

/** Codecs over compiled modules; each is set up on first use, and again if that failed. */
export function createCodecs(modules: CodecModules): Codecs {
  const jpeg = once(() => initJpeg(modules.jpeg as never));
  const png = once(() => initPng(modules.png as never));
  const pngEncoder = once(() => initPngEncoder(modules.png as never));
  const webp = once(() => initWebp(modules.webp as never));
  const decoders = {
    jpeg: (buffer: ArrayBuffer) => jpeg().then(() => decodeJpeg(buffer, { preserveOrientation: false })),
    png: (buffer: ArrayBuffer) => png().then(() => decodePng(buffer)),
    webp: (buffer: ArrayBuffer) => webp().then(() => decodeWebp(buffer)),
  };
  return {
    async decode(bytes) {
      const header = checkHeader(bytes);
      let image: Rgba;
      try {
        // A copy of its own: the codecs take an ArrayBuffer, and `bytes` may be a view into a larger one.
        image = (await decoders[header.type](bytes.slice().buffer)) as Rgba;
      } catch (error) {
        // The codecs throw numbers and strings as well as errors.
        throw new ImageError(
          'corrupt',
          `The ${header.type.toUpperCase()} data cannot be decoded (${String(error)}). Save the picture again and retry.`,
        );
      }
      return upright(overWhite(image), header.orientation);
    },
    async encodePng({ data, width, height }) {
      await pngEncoder();
      const own = new Uint8ClampedArray(data.subarray(0, width * height * 4));
      return new Uint8Array((await encodePng({ data: own, width, height } as never)) as ArrayBuffer);
    },
  };
}

function once(start: () => Promise<unknown>): () => Promise<unknown> {
  let started: Promise<unknown> | undefined;
  return () => {
    started ??= start().catch((error) => {
      started = undefined;
      throw error;
    });
    return started;
  };
}

/** Refuses, before anything is decoded, what must not or cannot be. */
export function checkHeader(bytes: Uint8Array): ImageHeader {
  const header = sniffImage(bytes);
  if (!header) {
    throw new ImageError(
      'unknown-type',
      'This is not a JPEG, PNG or WebP picture, or its beginning is missing. Send one of these, complete.',
    );
  }
  const { type, width, height } = header;
  if (width === 0 || height === 0)
    throw new ImageError('corrupt', `The header says ${width} x ${height} pixels. Save the picture again and retry.`);
  if (width * height > MAX_PIXELS) {
    throw new ImageError(
      'too-large',
      `The picture has ${width} x ${height} pixels; at most ${MAX_PIXELS / 1e6} megapixels are read. Make it smaller first.`,
    );
  }
  if (header.animated) throw new ImageError('unsupported', 'The picture is animated. Send one still frame of it.');
  if (type === 'jpeg' && header.components !== 1 && header.components !== 3) {
    throw new ImageError(
      'unsupported',
      `The JPEG has ${header.components} colour channels (CMYK). Convert it to RGB first.`,
    );
  }
  if (type === 'jpeg' && header.bitDepth !== 8) {
    throw new ImageError('unsupported', `The JPEG has ${header.bitDepth} bits per channel. Save it with 8.`);
  }
  if (type === 'jpeg' && !hasEndOfImage(bytes)) {
    throw new ImageError('corrupt', 'The JPEG is cut off: its end is missing. Send the whole file.');
  }
  return header;
}

/** The decoder fills what is missing with grey and says nothing, so the marker is looked for here. Some cameras append data after it. */
function hasEndOfImage(bytes: Uint8Array): boolean {
  for (let i = bytes.length - 2; i > 2; i--) if (bytes[i] === 0xff && bytes[i + 1] === 0xd9) return true;
  return false;
}

function overWhite(image: Rgba): Rgba {
  const { data } = image;
  for (let i = 3; i < data.length; i += 4) {
    const alpha = data[i];
    if (alpha === 255) continue;
    for (let c = i - 3; c < i; c++) data[c] = Math.floor((data[c] * alpha + 255 * (255 - alpha)) / 255 + 0.5);
    data[i] = 255;
  }
  return image;
}

/** Turns and mirrors as EXIF orientation says: bit by bit, 5..8 swap the axes, 2 4 5 7 are mirrored. */
function upright(image: Rgba, orientation: number): Rgba {
  if (orientation === 1) return image;
  const { width, height } = image;
  const swaps = orientation >= 5;
  const source = new Uint32Array(image.data.slice().buffer);
  const [newWidth, newHeight] = swaps ? [height, width] : [width, height];
  const turned = new Uint32Array(source.length);
  const flipX = [2, 3, 7, 8].includes(orientation);
  const flipY = [3, 4, 6, 7].includes(orientation);
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      const [u, v] = swaps ? [y, x] : [x, y];
      turned[y * newWidth + x] = source[(flipY ? height - 1 - v : v) * width + (flipX ? width - 1 - u : u)];
    }
  }
  return { data: new Uint8ClampedArray(turned.buffer), width: newWidth, height: newHeight };
}
