/** Chunks that pixels are made from (PNG 3rd edition, 5.6): header, palette, transparency, data, end. */
const needed = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);
const SIGNATURE_BYTES = 8;
/** Length, name and checksum. */
const FRAME_BYTES = 12;

/**
 * Chunks of a PNG or a WebP: far more than any encoder writes. Each is looked at several times, so that tens of
 * millions take many seconds.
 */
export const MOST_CHUNKS = 2_000_000;

/** Whether a PNG file has more chunks than a picture needs: twelve bytes make one. */
export function hasTooManyChunks(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  for (let at = SIGNATURE_BYTES; at + FRAME_BYTES <= bytes.length; at += FRAME_BYTES + view.getUint32(at))
    if (++count > MOST_CHUNKS) return true;
  return false;
}

/**
 * The parts of a PNG file that its pixels depend on, as ranges of its bytes, those that lie side by side as one. What
 * is left out (colour profiles, texts, times) is of no use here, and may be damaged in a picture that is whole.
 * @param bytes with a PNG's signature; what is cut off or no chunk is in the last range
 */
export function* pixelRanges(bytes: Uint8Array): Generator<[from: number, to: number]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let from = 0;
  let at = SIGNATURE_BYTES;
  while (at + FRAME_BYTES <= bytes.length) {
    const end = at + FRAME_BYTES + view.getUint32(at);
    if (end > bytes.length) break;
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!needed.has(name)) {
      if (at > from) yield [from, at];
      from = end;
    }
    at = end;
    if (name === 'IEND') break;
  }
  if (bytes.length > from) yield [from, bytes.length];
}
