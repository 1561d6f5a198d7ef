import type { Random } from './random.ts';

/**
 * A random crop of a square picture [3,size,size] of 8 to 100 % of its area and sides of 3:4 to 4:3, enlarged to the
 * full size (bilinear), written into `out` at `offset`.
 */
export function cropOf(picture: Float32Array, size: number, draw: Random, out: Float32Array, offset = 0): void {
  const area = size * size * (0.08 + 0.92 * draw.uniform());
  const ratio = 0.75 + (4 / 3 - 0.75) * draw.uniform();
  const width = Math.min(size, Math.max(2, Math.round(Math.sqrt(area * ratio))));
  const height = Math.min(size, Math.max(2, Math.round(Math.sqrt(area / ratio))));
  const left = draw.below(size - width + 1);
  const top = draw.below(size - height + 1);
  const places = (start: number, length: number) =>
    Array.from({ length: size }, (_, i) => {
      const at = start + ((i + 0.5) * length) / size - 0.5;
      const low = Math.min(start + length - 1, Math.max(start, Math.floor(at)));
      return { low, high: Math.min(start + length - 1, low + 1), share: Math.min(1, Math.max(0, at - low)) };
    });
  const columns = places(left, width);
  const rows = places(top, height);
  for (let channel = 0; channel < 3; channel++) {
    const plane = channel * size * size;
    rows.forEach((row, y) => {
      const [above, below] = [plane + row.low * size, plane + row.high * size];
      columns.forEach(({ low, high, share }, x) => {
        const first = picture[above + low] * (1 - share) + picture[above + high] * share;
        const second = picture[below + low] * (1 - share) + picture[below + high] * share;
        out[offset + plane + y * size + x] = first * (1 - row.share) + second * row.share;
      });
    });
  }
}
