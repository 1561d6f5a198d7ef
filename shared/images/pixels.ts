/** A decoded picture: rows of red, green, blue, alpha, 8 bits each. */
export interface Rgba {
  data: Uint8ClampedArray<ArrayBufferLike> | Uint8Array<ArrayBufferLike>;
  width: number;
  height: number;
}

/** The nearest whole number in 0..255, halves up. */
export const round8 = (value: number): number => Math.floor(Math.min(255, Math.max(0, value)) + 0.5);

/** A coordinate brought back into 0..size-1, where lines go on mirrored at their last pixels. */
export function mirrored(at: number, size: number): number {
  const last = size - 1;
  const folded = Math.abs(at) % (2 * last || 1);
  return folded > last ? 2 * last - folded : folded;
}

/** A canvas [3,size,size] as a picture, opaque. */
export function canvasToRgba(canvas: ArrayLike<number>, size: number): Rgba {
  const plane = size * size;
  const data = new Uint8ClampedArray(plane * 4);
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < 3; channel++) data[4 * i + channel] = round8(canvas[channel * plane + i]);
    data[4 * i + 3] = 255;
  }
  return { data, width: size, height: size };
}
