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
 * Checks what an image says about itself before any memory is spent on it.
 *
 * @throws Problem `not-an-image`, `unsupported-image`, `image-too-large` or `corrupt-image`
 */
export function checkImage(bytes: Uint8Array): void {
  try {
    const header = checkHeader(bytes);
    const needed = decodingBytes(header, bytes);
    if (needed <= DECODING_BYTES) return;
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
