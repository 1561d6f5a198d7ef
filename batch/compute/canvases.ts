import { applyPerturbation } from '#shared/images';
import type { Item } from './protocol.ts';

/**
 * A uint8 canvas as float32, moved and mirrored as the item says; what comes in over an edge is mirrored there. Writes [3, size, size] into `out` at
 * `offset`.
 */
function widen(pixels: Uint8Array, item: Item, size: number, out: Float32Array, offset: number): void {
  const [right, down] = item.shift ?? [0, 0];
  const inside = (at: number) => (at < 0 ? -at : at >= size ? 2 * size - 2 - at : at);
  const columns = Int32Array.from({ length: size }, (_, x) => inside((item.flip ? size - 1 - x : x) - right));
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < size; y++) {
      const from = ((item.photo * 3 + channel) * size + inside(y - down)) * size;
      const to = offset + (channel * size + y) * size;
      for (let x = 0; x < size; x++) out[to + x] = pixels[from + columns[x]];
    }
  }
}

/**
 * The photo as a model sees it, written into `out` at `offset` as [3, size, size] in 0..255. Mirroring and moving change the photo and then v is added,
 * so that v stays where it is. `rounded` gives the pixels that a file can carry; otherwise clip(canvas + v), on which gradients are taken.
 */
export function writeCanvas(
  pixels: Uint8Array,
  item: Item,
  size: number,
  v: Float32Array | null,
  rounded: boolean,
  out: Float32Array,
  offset: number,
): void {
  widen(pixels, item, size, out, offset);
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
