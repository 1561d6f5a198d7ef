// JPEG, PNG and WebP by the same WebAssembly codecs in Node, workerd and browsers. The platform hands in the compiled modules, since each gets at them in
// its own way (and workerd compiles no bytes at run time).
//
// The codecs' own loaders are passed by: they keep one instance for good, so that a failed start would fail ever after, and a damaged file would leave its
// mess to the next one.
import mozjpeg from '@jsquash/jpeg/codec/dec/mozjpeg_dec.js';
import libwebp from '@jsquash/webp/codec/dec/webp_dec.js';
import type { Rgba } from './canvas.ts';
import { startDecoder } from './emscripten-codec.ts';
import { type ImageHeader, isJpegComplete, sniffImage } from './header.ts';
import { startPng } from './png-codec.ts';

/** 16 megapixels are 64 MB of RGBA: half of what a Worker has in all. */
export const MAX_PIXELS = 16_000_000;

/** `codec` is the only one that is not the picture's fault: the WebAssembly could not be started. */
export type ImageErrorCode = 'unknown-type' | 'unsupported' | 'too-large' | 'corrupt' | 'codec';

/** Why bytes did not become a picture. */
export class ImageError extends Error {
  override name = 'ImageError';
  code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
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
  /** The same bytes on every platform. @throws RangeError when the picture's sides do not fit its bytes; ImageError `codec` */
  encodePng(image: Rgba): Promise<Uint8Array<ArrayBuffer>>;
}

/** Codecs over compiled modules; each is started on first use, and afresh after it failed. */
export function createCodecs(modules: CodecModules, { maxPixels = MAX_PIXELS } = {}): Codecs {
  const png = restartable(() => startPng(modules.png));
  const decoders = {
    // Its one option: that it applies the orientation itself, which is done here alike for all three.
    jpeg: emscripten(mozjpeg, modules.jpeg, [false]),
    png: (bytes: Uint8Array) => png((codec) => codec.decode(bytes)),
    webp: emscripten(libwebp, modules.webp, []),
  };
  return {
    async decode(bytes) {
      const header = checkHeader(bytes, maxPixels);
      let image: Rgba;
      try {
        image = await decoders[header.type](bytes);
      } catch (error) {
        if (error instanceof ImageError) throw error;
        // The codecs throw numbers and strings as well as errors.
        throw new ImageError(
          'corrupt',
          `The ${header.type.toUpperCase()} data cannot be decoded (${String(error)}). Save the picture again and retry.`,
          { cause: error },
        );
      }
      return upright(overWhite(image), header.orientation);
    },
    async encodePng(image) {
      const { data, width, height } = image;
      if (!(width > 0 && height > 0) || data.length !== width * height * 4) {
        throw new RangeError(`A picture of ${width} x ${height} pixels does not fit its ${data.length} bytes.`);
      }
      return png((codec) => codec.encode(image));
    },
  };
}

/** A decoder of Emscripten's kind. Damage that it would pass over, leaving grey, is an error. */
function emscripten(
  factory: unknown,
  module: WebAssembly.Module,
  options: unknown[],
): (bytes: Uint8Array) => Promise<Rgba> {
  const use = restartable(() => startDecoder(factory, module, options));
  return (bytes) =>
    use((codec) => {
      const { image, complaints } = codec.decode(bytes);
      const damage = complaints.find((line) => /premature end|bad huffman code/i.test(line));
      if (damage !== undefined) throw new Error(damage);
      if (!image) throw new Error('the decoder gives no picture');
      return image;
    });
}

/** Starts a codec when it is first needed. One that failed to start, or threw, may be in any state: the next use starts another. */
function restartable<Codec>(start: () => Promise<Codec>) {
  let started: Promise<Codec> | undefined;
  return async <Result>(use: (codec: Codec) => Result): Promise<Result> => {
    started ??= start();
    const mine = started;
    const discard = () => {
      if (started === mine) started = undefined;
    };
    const codec = await mine.catch((cause) => {
      discard();
      throw new ImageError('codec', `The picture codec could not be started (${String(cause)}). Try again.`, { cause });
    });
    try {
      return use(codec);
    } catch (error) {
      discard();
      throw error;
    }
  };
}

/** Refuses, before anything is decoded, what must not or cannot be. */
export function checkHeader(bytes: Uint8Array, maxPixels = MAX_PIXELS): ImageHeader {
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
  if (width * height > maxPixels) {
    throw new ImageError(
      'too-large',
      `The picture has ${width} x ${height} pixels; at most ${maxPixels / 1e6} megapixels are read. Make it smaller first.`,
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
  if (type === 'jpeg' && !isJpegComplete(bytes)) {
    throw new ImageError('corrupt', 'The JPEG is cut off: its end is missing. Send the whole file.');
  }
  return header;
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
  const source = new Uint32Array(new Uint8Array(image.data).buffer);
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
