import type { ImageHeader } from '#shared/images';

/**
 * What decoding may take, in bytes: the 128 MB of an isolate, less the network (24 to 40 MiB of wasm memory for the
 * starter models), less the Worker itself and what it keeps of the release (about 15 MB).
 */
export const DECODING_BYTES = 70_000_000;

/**
 * The memory that decoding an image takes at its height, in bytes. Per pixel: RGBA in the codec's memory, from which
 * the canvas is made without a copy; a progressive JPEG's coefficients (up to three 16-bit planes); a PNG's own samples
 * and a lossless WebP's. The file itself is held three times.
 */
export function decodingBytes(header: ImageHeader, bytes: Uint8Array): number {
  let perPixel = 4;
  if (header.type === 'jpeg' && hasMarker(bytes, 0xc2)) perPixel += 6;
  if (header.type === 'png') perPixel += header.bitDepth === 16 ? 12 : 4;
  if (header.type === 'webp') perPixel += 4;
  return header.width * header.height * perPixel + 3 * bytes.byteLength;
}

/**
 * Whether a JPEG marker occurs; 0xc2 starts a progressive frame (ITU T.81, table B.1). An EXIF thumbnail's counts too:
 * that errs on the safe side.
 */
function hasMarker(bytes: Uint8Array, marker: number): boolean {
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === marker) return true;
  }
  return false;
}
