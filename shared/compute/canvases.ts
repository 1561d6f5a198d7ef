import { mirrored, perturb } from '#shared/images';
import type { Item, PixelRule } from './jobs.ts';

/** For every place of an axis, the two pixels it lies between and how much of the second it takes. */
function samples(size: number, zoom: number, moved: number, flip: boolean) {
  const first = new Int32Array(size);
  const second = new Int32Array(size);
  const share = new Float32Array(size);
  const centre = (size - 1) / 2;
  for (let i = 0; i < size; i++) {
    const at = ((flip ? size - 1 - i : i) - moved - centre) / zoom + centre;
    const whole = Math.floor(at);
    first[i] = mirrored(whole, size);
    second[i] = mirrored(whole + 1, size);
    share[i] = at - whole;
  }
  return { first, second, share };
}

/**
 * A uint8 canvas as float32, enlarged (bilinear), moved and mirrored as the item says; what comes in over an edge is
 * mirrored there. Writes [3, size, size] into `out` at `offset`.
 */
function widen(pixels: Uint8Array, item: Item, size: number, out: Float32Array, offset: number): void {
  const [right, down] = item.shift ?? [0, 0];
  const zoom = item.zoom ?? 1;
  const columns = samples(size, zoom, right, item.flip);
  const rows = samples(size, zoom, down, false);
  for (let channel = 0; channel < 3; channel++) {
    const plane = (item.photo * 3 + channel) * size * size;
    for (let y = 0; y < size; y++) {
      const to = offset + (channel * size + y) * size;
      const above = plane + rows.first[y] * size;
      if (zoom === 1) {
        for (let x = 0; x < size; x++) out[to + x] = pixels[above + columns.first[x]];
        continue;
      }
      const below = plane + rows.second[y] * size;
      for (let x = 0; x < size; x++) {
        const [left, next, share] = [columns.first[x], columns.second[x], columns.share[x]];
        const top = pixels[above + left] * (1 - share) + pixels[above + next] * share;
        const bottom = pixels[below + left] * (1 - share) + pixels[below + next] * share;
        out[to + x] = top * (1 - rows.share[y]) + bottom * rows.share[y];
      }
    }
  }
}

/**
 * The photo as a model sees it, written into `out` at `offset` as [3, size, size]. Mirroring, moving and enlarging
 * change the photo and then v is added, so that v stays where it is.
 */
export function writeCanvas(
  pixels: Uint8Array,
  item: Item,
  size: number,
  v: Float32Array | null,
  rule: PixelRule,
  out: Float32Array,
  offset: number,
): void {
  const { contrast = 1, flip, shift, zoom = 1 } = item;
  const length = 3 * size * size;
  const isRounded = rule === 'rounded' && v !== null && contrast === 1;
  if (isRounded && !flip && !shift && zoom === 1) {
    // What measuring does all the time.
    perturb(pixels.subarray(item.photo * length, (item.photo + 1) * length), v, out.subarray(offset, offset + length));
    return;
  }
  widen(pixels, item, size, out, offset);
  if (v === null && contrast === 1) return;
  if (isRounded) {
    const canvas = out.subarray(offset, offset + length);
    perturb(canvas, v, canvas);
    return;
  }
  if (v) for (let i = 0; i < length; i++) out[offset + i] += v[i];
  if (contrast !== 1) for (let i = offset; i < offset + length; i++) out[i] = 127.5 + contrast * (out[i] - 127.5);
  if (rule === 'free') return;
  for (let i = offset; i < offset + length; i++) {
    const value = Math.min(255, Math.max(0, out[i]));
    out[i] = rule === 'rounded' ? Math.round(value) : value;
  }
}
