import { applyPerturbation } from '#shared/images';

/** A uint8 canvas as float32, mirrored left to right where asked. Writes [3, size, size] into `out` at `offset`. */
function widen(
  pixels: Uint8Array,
  photo: number,
  size: number,
  flip: boolean,
  out: Float32Array,
  offset: number,
): void {
  const length = 3 * size * size;
  const from = photo * length;
  if (!flip) {
    for (let i = 0; i < length; i++) out[offset + i] = pixels[from + i];
    return;
  }
  for (let row = 0; row < length; row += size) {
    const last = from + row + size - 1;
    for (let x = 0; x < size; x++) out[offset + row + x] = pixels[last - x];
  }
}

/**
 * The photo as a model sees it, written into `out` at `offset` as [3, size, size] in 0..255. Mirroring moves the photo and then adds v, so that v
 * stays where it is. `rounded` gives the pixels that a file can carry; otherwise clip(canvas + v), on which gradients are taken.
 */
export function writeCanvas(
  pixels: Uint8Array,
  photo: number,
  size: number,
  flip: boolean,
  v: Float32Array | null,
  rounded: boolean,
  out: Float32Array,
  offset: number,
): void {
  widen(pixels, photo, size, flip, out, offset);
  if (v === null) return;
  const length = 3 * size * size;
  if (rounded) {
    const canvas = out.subarray(offset, offset + length);
    canvas.set(applyPerturbation(canvas, v));
    return;
  }
  for (let i = 0; i < length; i++) {
    const value = out[offset + i] + v[i];
    out[offset + i] = Math.min(255, Math.max(0, value));
  }
}
