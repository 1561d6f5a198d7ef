/** What happens to pictures between whoever makes them and the model that sees them. */
import { contributions, round8 } from '#shared/images';
import { throughJpeg } from './jpeg.ts';

export interface Alteration {
  /** "jpeg": saved with the quality amount; "resize": made amount times as wide, and back; "crop": so much of it. */
  kind: 'jpeg' | 'resize' | 'crop';
  /** Quality 0..100, factor, or share of the side about the middle. */
  amount: number;
}

/** A canvas [3,size,size] of whole numbers as it is after that: again of its size, and of whole numbers. */
export async function altered(canvas: Uint8Array, size: number, { kind, amount }: Alteration): Promise<Uint8Array> {
  if (kind === 'jpeg') return throughJpeg(canvas, size, amount);
  if (kind === 'resize') {
    const between = Math.max(1, Math.round(amount * size));
    return resized(resized(canvas, size, { from: size, to: between }), size, { from: between, to: size });
  }
  return resized(canvas, size, { from: size, to: Math.round(size / amount) });
}

/** Of [3,from,from] resized to `to` pixels a side, the middle, of at most `most` pixels a side. */
function resized(canvas: Uint8Array, most: number, { from, to }: { from: number; to: number }): Uint8Array {
  const side = Math.min(to, most);
  const windows = contributions(from, to, Math.floor((to - side) / 2), side);
  const across = new Float64Array(3 * from * side);
  for (let line = 0; line < 3 * from; line++) {
    for (const [x, { first, weights }] of windows.entries()) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * canvas[line * from + first + k];
      across[line * side + x] = sum;
    }
  }
  const result = new Uint8Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++) {
    for (const [y, { first, weights }] of windows.entries()) {
      for (let x = 0; x < side; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * across[(channel * from + first + k) * side + x];
        result[(channel * side + y) * side + x] = round8(sum);
      }
    }
  }
  return result;
}
