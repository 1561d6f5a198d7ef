import jpeg from '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm';
import png from '@jsquash/png/codec/pkg/squoosh_png_bg.wasm';
import webp from '@jsquash/webp/codec/dec/webp_dec.wasm';
import type { ProblemKind } from '#shared/api';
import { type CanvasFit, canvasToRgba, checkHeader, createCodecs, ImageError, sniffImage } from '#shared/images';
import { Problem } from '../problems.ts';
import { DECODING_BYTES, decodingBytes } from './memory.ts';

const modules = { jpeg, png, webp };
let codecs = createCodecs(modules);

/**
 * All three codecs as they start, and pictures of a few megapixels. Their memory never shrinks: where they hold more,
 * they are set up anew and the old ones collected.
 */
const KEPT_BYTES = 40 * 2 ** 20;
/** A picture that takes more than this is decoded by a codec without company. */
const LARGE_BYTES = 24_000_000;

const kinds: Record<string, ProblemKind> = {
  'unknown-type': 'not-an-image',
  unsupported: 'unsupported-image',
  'too-large': 'image-too-large',
  corrupt: 'corrupt-image',
  'not-exact': 'image-not-exact',
};

/**
 * Refuses an image by its beginning, where it is plain that the rest would not help: it is no image, or one that is not
 * read or too large.
 *
 * @throws Problem `not-an-image`, `unsupported-image` or `image-too-large`
 */
export function checkBeginning(bytes: Uint8Array): void {
  try {
    checkImage(bytes);
  } catch (error) {
    const isWhole =
      error instanceof Problem && (error.kind === 'image-too-large' || error.kind === 'unsupported-image');
    if (isWhole || !isBegun(bytes)) throw error;
  }
}

/** The first bytes of a JPEG, a PNG or a WebP: how far it goes on cannot be told from them. */
function isBegun(bytes: Uint8Array): boolean {
  const starts = [
    [0xff, 0xd8],
    [0x89, 0x50, 0x4e, 0x47],
    [0x52, 0x49, 0x46, 0x46],
  ];
  return starts.some((start) => start.every((byte, i) => bytes[i] === byte));
}

/**
 * Checks what an image says about itself before any memory is spent on it.
 *
 * @returns bytes of memory that decoding takes
 * @throws Problem `not-an-image`, `unsupported-image`, `image-too-large` or `corrupt-image`
 */
export function checkImage(bytes: Uint8Array): number {
  try {
    const header = checkHeader(bytes);
    const needed = decodingBytes(header, bytes);
    if (needed <= DECODING_BYTES) return needed;
    const megabytes = (count: number) => `${Math.ceil(count / 1e6)} MB`;
    throw new Problem(
      'image-too-large',
      `Decoding this ${header.type.toUpperCase()} image of ${header.width} x ${header.height} pixels takes ${megabytes(needed)} of memory, and the edge has ` +
        `${megabytes(DECODING_BYTES)} for it. Send a smaller version; networks look at few pixels anyway.`,
      { width: header.width, height: header.height },
    );
  } catch (error) {
    throw problemOf(error);
  }
}

/**
 * The canvas [3,size,size] of a JPEG, PNG or WebP picture by its first bytes, upright and with transparency over white.
 *
 * @throws Problem `unsupported-image`, `corrupt-image` or `image-too-large`; `image-not-exact` for a picture of another
 * size than the canvas, where the fit is exact
 */
export async function decodeCanvas(
  bytes: Uint8Array,
  size: number,
  fit: CanvasFit = 'crop',
): Promise<Float32Array<ArrayBuffer>> {
  const header = sniffImage(bytes);
  if (header && decodingBytes(header, bytes) > LARGE_BYTES) codecs = createCodecs(modules);
  try {
    return await codecs.canvas(bytes, size, fit);
  } catch (error) {
    throw problemOf(error);
  } finally {
    if (codecs.memoryBytes() > KEPT_BYTES) codecs = createCodecs(modules);
  }
}

/** A canvas [3,size,size] as a PNG file, exact to the bit. */
export const encodeCanvas = (canvas: Float32Array, size: number) => codecs.encodePng(canvasToRgba(canvas, size));

/** Bytes of linear memory that the codecs hold in this isolate. */
export const decoderMemory = (): number => codecs.memoryBytes();

function problemOf(error: unknown): unknown {
  const kind = error instanceof ImageError ? kinds[error.code] : undefined;
  return kind && error instanceof Error ? new Problem(kind, error.message) : error;
}
