/** What happens to pictures between whoever makes them and the model that sees them. */
import { createHash } from 'node:crypto';
import { contributions, round8 } from '#shared/images';
import { random, syntheticKinds, syntheticPictures } from '#shared/synthetic';
import { blurred } from './blurred.ts';
import { throughJpeg } from './jpeg.ts';
import { resampled } from './resampled.ts';

export interface Alteration {
  /**
   * "jpeg": saved with the quality amount, 0..100; "resize": made amount times as wide, and back; "crop": that share of
   * the side about the middle, enlarged; "blur": by a Gaussian of so many pixels; "dark": amount times as bright;
   * "noise": Gaussian noise of this standard deviation, in units of 0..255, for each picture another; "colours": so
   * many shades of red, green and blue each; "drawn": no photo at all, but for each one a picture that is drawn, amount
   * being the seed.
   */
  kind: 'jpeg' | 'resize' | 'crop' | 'blur' | 'dark' | 'noise' | 'colours' | 'drawn';
  amount: number;
}

/** A canvas [3,size,size] of whole numbers as it is after that: again of its size, and of whole numbers. */
export async function altered(canvas: Uint8Array, size: number, { kind, amount }: Alteration): Promise<Uint8Array> {
  if (kind === 'jpeg') return throughJpeg(canvas, size, amount);
  if (kind === 'blur') return blurred(canvas, size, amount);
  if (kind === 'dark') return canvas.map((value) => round8(amount * value));
  if (kind === 'colours') {
    const step = 255 / (amount - 1);
    return canvas.map((value) => round8(step * Math.round(value / step)));
  }
  if (kind === 'noise') {
    const draw = random(seedOf(canvas), 'noise');
    return canvas.map((value) => round8(value + amount * draw.normal()));
  }
  if (kind === 'drawn') {
    const seed = (seedOf(canvas) + amount) % 2 ** 31;
    const kinds = [syntheticKinds[seed % syntheticKinds.length]];
    return Uint8Array.from(syntheticPictures({ kinds, count: 1, size, seed }));
  }
  if (kind === 'resize') {
    const between = Math.max(1, Math.round(amount * size));
    return resized(resized(canvas, size, { from: size, to: between }), size, { from: between, to: size });
  }
  return resized(canvas, size, { from: size, to: Math.round(size / amount) });
}

/** Of what is drawn for a picture: the same for the same pixels. */
const seedOf = (canvas: Uint8Array) => createHash('sha256').update(canvas).digest().readUInt32BE() % 2 ** 31;

/** Of [3,from,from] resized to `to` pixels a side, the middle, of at most `most` pixels a side. */
function resized(canvas: Uint8Array, most: number, { from, to }: { from: number; to: number }): Uint8Array {
  const side = Math.min(to, most);
  const windows = contributions(from, to, Math.floor((to - side) / 2), side);
  return resampled(canvas, from, windows, windows);
}
