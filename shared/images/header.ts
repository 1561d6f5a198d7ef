import { ascii, exifOrientation } from './exif.ts';
import type { ImageHeader } from './image-header.ts';
import { jpegHeader } from './jpeg.ts';
import { MOST_CHUNKS } from './png-chunks.ts';

/**
 * Reads type and dimensions from the bytes themselves, never from a name or a media type; null when this is no JPEG,
 * PNG or WebP, or its header is cut off.
 */
export function sniffImage(bytes: Uint8Array): ImageHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpegHeader(bytes);
    if (bytes.length >= 24 && view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a)
      return pngHeader(view);
    if (bytes.length >= 16 && ascii(view, 0) === 'RIFF' && ascii(view, 8) === 'WEBP') return webpHeader(view);
  } catch (error) {
    // Reading past the end: the header is cut off.
    if (!(error instanceof RangeError)) throw error;
  }
  return null;
}

/** IHDR, then chunks up to the pixels: acTL (animation) and eXIf stand before IDAT (PNG 3rd edition). */
function pngHeader(view: DataView): ImageHeader | null {
  if (ascii(view, 12) !== 'IHDR') return null;
  let animated = false;
  let orientation = 1;
  for (let position = 8, chunks = 0; position + 8 <= view.byteLength && chunks < MOST_CHUNKS; chunks++) {
    const length = view.getUint32(position);
    const name = ascii(view, position + 4);
    if (name === 'acTL') animated = true;
    if (name === 'eXIf') {
      orientation =
        exifOrientation(view, position + 8, Math.min(position + 8 + length, view.byteLength)) ?? orientation;
    }
    if (name === 'IDAT') break;
    position += 12 + length;
  }
  return {
    type: 'png',
    width: view.getUint32(16),
    height: view.getUint32(20),
    bitDepth: view.byteLength > 24 ? view.getUint8(24) : 8,
    components: 0,
    process: 0,
    orientation,
    animated,
  };
}

/** RFC 9649: VP8 (lossy), VP8L (lossless) or VP8X (extended: flags, then 24-bit sizes less one). */
function webpHeader(view: DataView): ImageHeader | null {
  const common = { type: 'webp' as const, bitDepth: 8, components: 0, process: 0, orientation: 1, animated: false };
  const uint24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (ascii(view, 12)) {
    case 'VP8 ':
      return { ...common, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 'VP8L': {
      const bits = view.getUint32(21, true);
      return { ...common, width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    case 'VP8X': {
      const flags = view.getUint8(20);
      const header = { ...common, width: uint24(24) + 1, height: uint24(27) + 1, animated: (flags & 0x02) !== 0 };
      return { ...header, orientation: flags & 0x08 ? webpOrientation(view) : 1 };
    }
    default:
      return null;
  }
}

/** The EXIF chunk comes after the pixels; some writers put JPEG's "Exif\0\0" before the TIFF header. */
function webpOrientation(view: DataView): number {
  for (let position = 12, chunks = 0; position + 8 <= view.byteLength && chunks < MOST_CHUNKS; chunks++) {
    const length = view.getUint32(position + 4, true);
    if (ascii(view, position) === 'EXIF' && length >= 8) {
      const start = position + 8 + (ascii(view, position + 8) === 'Exif' ? 6 : 0);
      return exifOrientation(view, start, Math.min(position + 8 + length, view.byteLength)) ?? 1;
    }
    position += 8 + length + (length & 1);
  }
  return 1;
}
