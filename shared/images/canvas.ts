import { contributions } from './resample.ts';

/** A decoded picture: rows of red, green, blue, alpha, 8 bits each. */
export interface Rgba {
  data: Uint8ClampedArray<ArrayBufferLike> | Uint8Array<ArrayBufferLike>;
  width: number;
  height: number;
}

/**
 * The canvas of a photo: [3,size,size], whole numbers 0..255, RGB. The short side is resized to round(size * 256 / 224) (antialiased), and the centre
 * size x size is taken, as ImageNet classifiers are evaluated. Alpha is ignored: `decode` has laid it over white already.
 * The same arithmetic in Node, workerd and browsers, so all three see the same pixels.
 */
export function canvasFromRgba(image: Rgba, size: number): Float32Array<ArrayBuffer> {
  const { data, width, height } = image;
  if (!(width > 0 && height > 0) || data.length < width * height * 4) {
    throw new RangeError(`A picture of ${width} x ${height} pixels does not fit its ${data.length} bytes.`);
  }
  const short = Math.round((size * 256) / 224);
  const shorter = Math.min(width, height);
  const resizedWidth = Math.max(size, Math.round((width * short) / shorter));
  const resizedHeight = Math.max(size, Math.round((height * short) / shorter));
  const left = Math.floor((resizedWidth - size) / 2);
  const top = Math.floor((resizedHeight - size) / 2);
  // Only the rows and columns of the crop are ever computed.
  const columns = contributions(width, resizedWidth, left, size);
  const rows = contributions(height, resizedHeight, top, size);
  const firstRow = rows[0].first;
  const lastRow = rows[size - 1].first + rows[size - 1].weights.length;
  const canvas = new Float32Array(3 * size * size);
  const squeezed = new Float64Array((lastRow - firstRow) * size);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = firstRow; y < lastRow; y++) {
      for (let x = 0; x < size; x++) {
        const { first, weights } = columns[x];
        let sum = 0;
        let position = (y * width + first) * 4 + channel;
        for (let k = 0; k < weights.length; k++, position += 4) sum += weights[k] * data[position];
        squeezed[(y - firstRow) * size + x] = sum;
      }
    }
    for (let y = 0; y < size; y++) {
      const { first, weights } = rows[y];
      for (let x = 0; x < size; x++) {
        let sum = 0;
        let position = (first - firstRow) * size + x;
        for (let k = 0; k < weights.length; k++, position += size) sum += weights[k] * squeezed[position];
        canvas[(channel * size + y) * size + x] = round8(sum);
      }
    }
  }
  return canvas;
}

/** The nearest whole number in 0..255, halves up. */
export const round8 = (value: number): number => Math.floor(Math.min(255, Math.max(0, value)) + 0.5);

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

/** Planes [3,size,size] mirrored left to right, into `out` when given. */
export function flipHorizontal(
  planes: Float32Array,
  size: number,
  out: Float32Array = new Float32Array(planes.length),
): Float32Array {
  for (let row = 0; row < planes.length; row += size) {
    for (let x = 0; x < size; x++) out[row + x] = planes[row + size - 1 - x];
  }
  return out;
}
