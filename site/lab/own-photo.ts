/**
 * A photograph that the visitor brings, whatever made it. What our codecs read is taken as it is, and so are its pixels
 * the same here, at the edge and in batch. Everything else (HEIC, AVIF, GIF, CMYK, more than 16 megapixels) is decoded
 * and made smaller by the browser, whose pixels are its own: that is said beside the result.
 */
import { checkHeader, ImageError } from '#shared/images';
import { LabError } from './failure.ts';
import { adviceFor, kindOf } from './file-kind.ts';

export interface OwnPhoto {
  /** A blob: address, and what is there. */
  url: string;
  blob: Blob;
  name: string;
  /** Why the browser had to decode it; null where our codecs do. */
  converted: string | null;
}

/** The short side of what the browser makes smaller: twice that of a canvas and its margin. */
const SIDE = 512;

/**
 * What a picture of so many pixels is made smaller to: its short side is SIDE, or what it is where that is less.
 * The long side of what is nearly a line is squeezed to 16 SIDE: no canvas of a browser is longer.
 */
export function smaller(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, SIDE / Math.min(width, height));
  const side = (length: number) => Math.max(1, Math.min(Math.round(length * scale), 16 * SIDE));
  return { width: side(width), height: side(height) };
}

/** @throws LabError where neither our codecs nor the browser reads it */
export async function readOwnPhoto(file: File): Promise<OwnPhoto> {
  const bytes = new Uint8Array(
    await file.arrayBuffer().catch((error: unknown) => {
      throw new LabError('photo', 'The file could not be read.', error);
    }),
  );
  const reason = unreadable(bytes);
  const blob = reason === null ? file : await convert(file, kindOf(bytes));
  return { url: URL.createObjectURL(blob), blob, name: file.name, converted: reason };
}

/** Why our codecs do not read a file; null where they do, or where it is broken in a way that they can tell best. */
function unreadable(bytes: Uint8Array): string | null {
  try {
    checkHeader(bytes);
    return null;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const kind = kindOf(bytes);
    if (error.code === 'unknown-type') return kind ? `is ${kind}, no JPEG, PNG or WebP` : 'is no JPEG, PNG or WebP';
    if (error.code === 'too-large') return 'has more than 16 megapixels';
    if (error.code === 'unsupported') return `is ${kind ?? 'a picture'} of a kind that our decoders do not read`;
    return null;
  }
}

async function convert(file: File, kind: string | null): Promise<Blob> {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const { width, height } = smaller(bitmap.width, bitmap.height);
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    if (!context) throw new Error('The browser has no canvas.');
    context.fillStyle = 'white';
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('No PNG was made.'))), 'image/png'),
    );
  } catch (error) {
    throw new LabError('photo', adviceFor(file.name, kind), error);
  }
}
