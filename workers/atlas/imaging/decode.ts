import jpeg from '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm';
import png from '@jsquash/png/codec/pkg/squoosh_png_bg.wasm';
import webp from '@jsquash/webp/codec/dec/webp_dec.wasm';
import { createCodecs, ImageError, type Rgba, sniffImage } from '#shared/images';
import { Problem, type ProblemKind } from '../problems.ts';
import { DECODING_BYTES, decodingBytes } from './memory.ts';

const modules = { jpeg, png, webp };
let codecs = createCodecs(modules);

/** A codec's memory never shrinks, so after a picture of more pixels than this the codecs are set up anew and the old ones collected. */
const LARGE_PIXELS = 1_500_000;

const kinds: Record<string, ProblemKind> = {
  'unknown-type': 'not-an-image',
  unsupported: 'unsupported-image',
  'too-large': 'image-too-large',
  corrupt: 'corrupt-image',
};

/**
 * Checks what an image says about itself before any memory is spent on it.
 *
 * @param contentType of the request: only for a helpful sentence, the bytes decide
 * @throws Problem `not-an-image` or `image-too-large`
 */
export function checkImage(bytes: Uint8Array, contentType: string | undefined): void {
  const header = sniffImage(bytes);
  if (!header) {
    const hint = contentType?.startsWith('multipart/')
      ? 'The body is a form; send the file itself as the body: curl --data-binary @photo.jpg (not -F).'
      : 'Send the unchanged bytes of such a file as the body: curl --data-binary @photo.jpg (not -d, which changes bytes).';
    throw new Problem('not-an-image', `The body does not begin like a complete JPEG, PNG or WebP image. ${hint}`);
  }
  const { width, height } = header;
  const needed = decodingBytes(header, bytes);
  if (needed > DECODING_BYTES) {
    const megabytes = (count: number) => `${Math.ceil(count / 1e6)} MB`;
    throw new Problem(
      'image-too-large',
      `Decoding this ${header.type.toUpperCase()} image of ${width} x ${height} pixels takes ${megabytes(needed)} of memory, and the edge has ` +
        `${megabytes(DECODING_BYTES)} for it. Send a smaller version; networks look at few pixels anyway.`,
      { width, height },
    );
  }
}

/**
 * Decodes JPEG, PNG or WebP by its first bytes, with its EXIF orientation applied and transparency over white.
 *
 * @throws Problem `unsupported-image`, `corrupt-image` or `image-too-large`
 */
export async function decodeImage(bytes: Uint8Array): Promise<Rgba> {
  try {
    const image = await codecs.decode(bytes);
    if (image.width * image.height > LARGE_PIXELS) codecs = createCodecs(modules);
    return image;
  } catch (error) {
    throw problemOf(error);
  }
}

function problemOf(error: unknown): unknown {
  const kind = error instanceof ImageError ? kinds[error.code] : undefined;
  return kind && error instanceof Error ? new Problem(kind, error.message) : error;
}
