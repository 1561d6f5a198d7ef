/** Tiles with a pattern on them: small canvases, made smooth. */
import { round8 } from '../../shared/images/pixels.ts';

/** Red, green and blue of an amplified pattern, size x size, as the mean of each square that a tile's pixel covers. */
export function shrunk(rgba: Uint8ClampedArray, size: number, tile: number): Float32Array {
  const out = new Float32Array(3 * tile * tile);
  const edges = Array.from({ length: tile + 1 }, (_, i) => Math.floor((i * size) / tile));
  for (let y = 0; y < tile; y++) {
    for (let x = 0; x < tile; x++) {
      const at = 3 * (y * tile + x);
      const count = (edges[y + 1] - edges[y]) * (edges[x + 1] - edges[x]);
      for (let v = edges[y]; v < edges[y + 1]; v++)
        for (let u = edges[x]; u < edges[x + 1]; u++)
          for (let channel = 0; channel < 3; channel++) out[at + channel] += rgba[4 * (v * size + u) + channel] / count;
    }
  }
  return out;
}

/** Writes a tile with `strength` times the pattern over `out`. @param pattern As `shrunk` gives it. */
export function add(
  clean: Uint8ClampedArray,
  pattern: Float32Array,
  { linf, strength }: { linf: number; strength: number },
  out: Uint8ClampedArray,
): void {
  const factor = (strength * linf) / 127;
  for (let i = 0, at = 0; i < clean.length; i += 4) {
    for (let channel = 0; channel < 3; channel++, at++)
      out[i + channel] = round8(clean[i + channel] + factor * (pattern[at] - 128));
    out[i + 3] = 255;
  }
}
