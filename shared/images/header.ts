/** What the first bytes of an image file say, read without decoding it. */
export interface ImageHeader {
  type: 'jpeg' | 'png' | 'webp';
  /** As stored, before orientation. */
  width: number;
  height: number;
  /** EXIF orientation, 1..8; 1 is upright. */
  orientation: number;
  animated: boolean;
  /** Bits per channel. */
  bitDepth: number;
  /** Channels of a JPEG: 1 grey, 3 colour, 4 CMYK. */
  components: number;
}

/**
 * Reads type and dimensions from the bytes themselves, never from a name or a media type; null when this is no JPEG,
 * PNG or WebP, or its header is cut off.
 */
export function sniffImage(bytes: Uint8Array): ImageHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return jpegHeader(view);
    if (bytes.length >= 24 && view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a)
      return pngHeader(view);
    if (bytes.length >= 16 && ascii(view, 0) === 'RIFF' && ascii(view, 8) === 'WEBP') return webpHeader(view);
  } catch (error) {
    // Reading past the end: the header is cut off.
    if (!(error instanceof RangeError)) throw error;
  }
  return null;
}

const ascii = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));

/** Segments up to the start of frame (ITU T.81, B.2); APP1 holds EXIF. */
function jpegHeader(view: DataView): ImageHeader | null {
  let orientation = 1;
  let position = 2;
  for (;;) {
    if (view.getUint8(position) !== 0xff) return null;
    while (view.getUint8(position + 1) === 0xff) position++;
    const marker = view.getUint8(position + 1);
    // Restart markers and TEM stand alone.
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      position += 2;
      continue;
    }
    const length = view.getUint16(position + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      return {
        type: 'jpeg',
        bitDepth: view.getUint8(position + 4),
        height: view.getUint16(position + 5),
        width: view.getUint16(position + 7),
        components: view.getUint8(position + 9),
        orientation,
        animated: false,
      };
    }
    if (marker === 0xe1 && length >= 14 && ascii(view, position + 4) === 'Exif') {
      orientation = exifOrientation(view, position + 10, position + 2 + length) ?? orientation;
    }
    if (marker === 0xda || marker === 0xd9 || length < 2) return null;
    position += 2 + length;
  }
}

/**
 * More segments and scans than any camera or encoder writes. A decoder goes through the whole picture for each scan,
 * and through all segments of one kind for each further one.
 */
const MOST_SEGMENTS = 2000;
const MOST_SCANS = 100;

/**
 * Whether a JPEG can be decoded in time, as far as its markers tell. "cut off": the end-of-image marker is missing,
 * where decoders fill what is missing with grey and say nothing. Walked segment by segment, since the thumbnail in EXIF
 * has such a marker too; what some cameras append after it is not looked at.
 */
export function jpegCondition(bytes: Uint8Array): 'complete' | 'cut off' | 'too many parts' {
  let segments = 0;
  let scans = 0;
  for (let position = 2; ; ) {
    // In entropy-coded data 0xff is followed by 0, or is a restart marker; elsewhere it may be repeated as a filler.
    position = bytes.indexOf(0xff, position);
    if (position < 0) return 'cut off';
    while (bytes[position + 1] === 0xff) position++;
    if (position + 1 >= bytes.length) return 'cut off';
    const marker = bytes[position + 1];
    if (marker === 0xd9) return 'complete';
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) position += 2;
    else {
      if (marker === 0xda) scans++;
      if (++segments > MOST_SEGMENTS || scans > MOST_SCANS) return 'too many parts';
      position += 2 + Math.max(2, (bytes[position + 2] << 8) | bytes[position + 3]);
    }
  }
}

/** Tag 0x0112 of the first directory of a TIFF header at `start` (Exif 2.3, 4.6). */
function exifOrientation(view: DataView, start: number, end: number): number | undefined {
  if (start + 8 > end || end > view.byteLength) return undefined;
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  if (directory + 2 > end) return undefined;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > end) return undefined;
    if (view.getUint16(entry, little) !== 0x0112) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}

/** IHDR, then chunks up to the pixels: acTL (animation) and eXIf stand before IDAT (PNG 3rd edition). */
function pngHeader(view: DataView): ImageHeader | null {
  if (ascii(view, 12) !== 'IHDR') return null;
  let animated = false;
  let orientation = 1;
  for (let position = 8; position + 8 <= view.byteLength; ) {
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
    orientation,
    animated,
  };
}

/** RFC 9649: VP8 (lossy), VP8L (lossless) or VP8X (extended: flags, then 24-bit sizes less one). */
function webpHeader(view: DataView): ImageHeader | null {
  const common = { type: 'webp' as const, bitDepth: 8, components: 0, orientation: 1, animated: false };
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
  for (let position = 12; position + 8 <= view.byteLength; ) {
    const length = view.getUint32(position + 4, true);
    if (ascii(view, position) === 'EXIF' && length >= 8) {
      const start = position + 8 + (ascii(view, position + 8) === 'Exif' ? 6 : 0);
      return exifOrientation(view, start, Math.min(position + 8 + length, view.byteLength)) ?? 1;
    }
    position += 8 + length + (length & 1);
  }
  return 1;
}
