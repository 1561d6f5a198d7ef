// JPEG, PNG and WebP by the same WebAssembly codecs in Node, workerd and browsers. The platform hands in the compiled
// modules, since each gets at them in its own way (and workerd compiles no bytes at run time).
//
// The codecs' own loaders are passed by: they keep one instance for good, so that a failed start would fail ever after,
// and a damaged file would leave its mess to the next one.
import mozjpeg from '@jsquash/jpeg/codec/dec/mozjpeg_dec.js';
import libwebp from '@jsquash/webp/codec/dec/webp_dec.js';
import { type CanvasFit, canvasFromRgba, walkUpright } from './canvas.ts';
import type { Decoder } from './decoder.ts';
import { startDecoder } from './emscripten-codec.ts';
import { sniffImage } from './header.ts';
import { ImageError } from './image-error.ts';
import type { ImageHeader } from './image-header.ts';
import { jpegCondition, unreadProcess } from './jpeg.ts';
import type { Rgba } from './pixels.ts';
import { hasTooManyChunks } from './png-chunks.ts';
import { startPng } from './png-codec.ts';

/** 16 megapixels are 64 MB of RGBA: half of what a Worker has in all. */
export const MAX_PIXELS = 16_000_000;

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
  /**
   * `canvasFromRgba` of the same, straight from the codec's memory: no copy of the picture
   * is made. @throws ImageError
   */
  canvas(bytes: Uint8Array, size: number, fit?: CanvasFit): Promise<Float32Array<ArrayBuffer>>;
  /**
   * The same bytes on every platform. @throws RangeError when the picture's sides do not fit its bytes; ImageError
   * `codec`
   */
  encodePng(image: Rgba): Promise<Uint8Array<ArrayBuffer>>;
  /** Bytes of WebAssembly memory that the started codecs hold; it grows with the pictures and never shrinks. */
  memoryBytes(): number;
}

/** Codecs over compiled modules; each is started on first use, and afresh after it failed. */
export function createCodecs(modules: CodecModules, { maxPixels = MAX_PIXELS } = {}): Codecs {
  const png = restartable(() => startPng(modules.png));
  // The JPEG decoder's one option: that it applies the orientation itself, which is done here alike for all three.
  const jpeg = restartable(() => startDecoder(mozjpeg, modules.jpeg, [false]));
  const webp = restartable(() => startDecoder(libwebp, modules.webp, []));
  const codecs = { jpeg, png, webp };

  async function read<T>(bytes: Uint8Array, use: (picture: Rgba, orientation: number) => T): Promise<T> {
    const { type, orientation } = checkHeader(bytes, maxPixels);
    try {
      return await codecs[type].use((codec) =>
        // A JPEG has no alpha.
        codec.decode(bytes, (picture) => use(type === 'jpeg' ? picture : overWhite(picture), orientation)),
      );
    } catch (error) {
      if (error instanceof ImageError) throw error;
      throw new ImageError(
        'corrupt',
        `The ${type.toUpperCase()} data cannot be decoded (${reasonOf(error)}). Save the picture again and retry.`,
        { cause: error },
      );
    }
  }

  return {
    decode: (bytes) => read(bytes, upright),
    canvas: (bytes, size, fit) =>
      read(bytes, (picture, orientation) => canvasFromRgba(picture, size, { orientation, fit })),
    memoryBytes: () => jpeg.memoryBytes() + png.memoryBytes() + webp.memoryBytes(),
    async encodePng(image) {
      const { data, width, height } = image;
      if (!(width > 0 && height > 0) || data.length !== width * height * 4) {
        throw new RangeError(`A picture of ${width} x ${height} pixels does not fit its ${data.length} bytes.`);
      }
      return png.use((codec) => codec.encode(image));
    },
  };
}

/** A codec that gives up throws numbers and objects as well as errors, and traps that say nothing to people. */
function reasonOf(thrown: unknown): string {
  const isTrap = !(thrown instanceof Error) || thrown.name === 'RuntimeError';
  return isTrap || thrown.message === '' ? 'the decoder gave up' : thrown.message;
}

/**
 * Starts a codec when it is first needed. One that failed to start, or threw, may be in any state: the next use starts
 * another. An ImageError is no such failure: the codec has said what it found and is fit to go on. (Each start takes 16
 * MiB for JPEG and WebP, and what it replaces is only collected some time later.)
 */
function restartable<Codec extends Decoder>(start: () => Promise<Codec>) {
  let starting: Promise<Codec> | undefined;
  let memory: WebAssembly.Memory | undefined;
  return {
    memoryBytes: () => memory?.buffer.byteLength ?? 0,
    async use<Result>(work: (codec: Codec) => Result): Promise<Result> {
      starting ??= start();
      const mine = starting;
      const discard = () => {
        if (starting !== mine) return;
        starting = undefined;
        memory = undefined;
      };
      const codec = await mine.catch((cause) => {
        discard();
        throw new ImageError('codec', `The picture codec could not be started (${reasonOf(cause)}). Try again.`, {
          cause,
        });
      });
      memory = codec.memory;
      try {
        return work(codec);
      } catch (error) {
        if (!(error instanceof ImageError)) discard();
        throw error;
      }
    },
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
  const process = type === 'jpeg' && unreadProcess(header.process);
  if (process) {
    throw new ImageError(
      'unsupported',
      `This is a ${process} JPEG, which neither browsers nor the Atlas read. Save it as an ordinary JPEG or as PNG.`,
    );
  }
  if (type === 'jpeg' && header.components !== 1 && header.components !== 3) {
    throw new ImageError(
      'unsupported',
      `The JPEG has ${header.components} colour channels (CMYK). Convert it to RGB first.`,
    );
  }
  if (type === 'jpeg' && header.bitDepth !== 8) {
    throw new ImageError('unsupported', `The JPEG has ${header.bitDepth} bits per channel. Save it with 8.`);
  }
  if (type === 'png' && hasTooManyChunks(bytes))
    throw new ImageError('unsupported', 'The PNG has more parts than a picture needs. Save it again and retry.');
  const condition = type === 'jpeg' ? jpegCondition(bytes) : 'complete';
  if (condition === 'cut off')
    throw new ImageError('corrupt', 'The JPEG is cut off: its end is missing. Send the whole file.');
  if (condition === 'too many parts')
    throw new ImageError('unsupported', 'The JPEG has more parts than a picture needs. Save it again and retry.');
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

/** A copy of a picture that is lent, turned and mirrored as its EXIF orientation says. */
function upright(image: Rgba, orientation: number): Rgba {
  const { width, height, origin, stepX, stepY } = walkUpright(image, orientation);
  const pixels = image.data.length / 4;
  const turned = new Uint8ClampedArray(4 * pixels);
  if (orientation === 1) {
    turned.set(image.data);
  } else {
    const from = new Uint32Array(image.data.buffer, image.data.byteOffset, pixels);
    const to = new Uint32Array(turned.buffer);
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0, at = origin + y * stepY; x < width; x++, i++, at += stepX) to[i] = from[at];
    }
  }
  return { data: turned, width, height };
}
