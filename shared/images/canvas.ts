import type { Fit } from '../release/fit.ts';
import { ImageError } from './image-error.ts';
import { type Rgba, round8 } from './pixels.ts';
import { type Contribution, contributions } from './resample.ts';

/** How a picture becomes a canvas: as photos do, or as what may be a canvas already. */
export type CanvasFit = Fit | 'near';

/**
 * The canvas of a photo: [3,size,size], whole numbers 0..255, RGB. The short side is resized to round(size * 256 / 224)
 * (antialiased), and the centre size x size is taken, as ImageNet classifiers are evaluated. Alpha is ignored: the
 * codecs have laid it over white already. The same arithmetic in Node, workerd and browsers, so all three see the same
 * pixels.
 *
 * @param orientation as EXIF counts, 1..8: the picture is read as if it had been turned upright first, and no copy of
 * it is made
 * @param fit "exact": the picture has size x size pixels, and is taken as it is; "near": one whose sides differ from
 * that by at most 16 pixels may be a canvas that was saved as it was shown to a network, and is taken pixel for pixel
 * about its centre, its edges repeated
 * @throws ImageError `not-exact` for a picture of another size, where it is to be taken as it is
 */
export function canvasFromRgba(
  image: Rgba,
  size: number,
  { orientation = 1, fit = 'crop' }: { orientation?: number; fit?: CanvasFit } = {},
): Float32Array<ArrayBuffer> {
  if (!(image.width > 0 && image.height > 0) || image.data.length < image.width * image.height * 4) {
    throw new RangeError(
      `A picture of ${image.width} x ${image.height} pixels does not fit its ${image.data.length} bytes.`,
    );
  }
  if (fit === 'exact') return exactly(image, size, orientation);
  const near = fit === 'near' ? nearly(image, size, orientation) : null;
  if (near) return near;
  const { width, height, origin, stepX, stepY } = walkUpright(image, orientation);
  const short = Math.round((size * 256) / 224);
  const shorter = Math.min(width, height);
  const resizedWidth = Math.max(size, Math.round((width * short) / shorter));
  const resizedHeight = Math.max(size, Math.round((height * short) / shorter));
  const left = Math.floor((resizedWidth - size) / 2);
  const top = Math.floor((resizedHeight - size) / 2);
  // Only the rows and columns of the crop are ever computed.
  const columns = contributions(width, resizedWidth, left, size);
  const rows = contributions(height, resizedHeight, top, size);
  const bytes = new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.length);

  const length = 3 * size;
  // Squeezed rows are needed for as long as an output row looks at them, so a ring of the tallest window holds them.
  const ring = Math.max(...rows.map(({ weights }) => weights.length));
  const squeezed = new Float64Array(ring * length);
  const sums = new Float64Array(length);
  const canvas = new Float32Array(length * size);
  const plane = size * size;
  let next = rows[0].first;
  for (let y = 0; y < size; y++) {
    const { first, weights } = rows[y];
    for (; next < first + weights.length; next++)
      squeezeRow(bytes, 4 * (origin + next * stepY), 4 * stepX, columns, squeezed, (next % ring) * length);
    sums.fill(0);
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k];
      const row = ((first + k) % ring) * length;
      for (let i = 0; i < length; i++) sums[i] += weight * squeezed[row + i];
    }
    for (let x = 0, i = 0; x < size; x++, i += 3) {
      const at = y * size + x;
      canvas[at] = round8(sums[i]);
      canvas[at + plane] = round8(sums[i + 1]);
      canvas[at + 2 * plane] = round8(sums[i + 2]);
    }
  }
  return canvas;
}

/** The pixels of a picture that has just the size of the canvas. */
function exactly(image: Rgba, size: number, orientation: number): Float32Array<ArrayBuffer> {
  const { width, height, origin, stepX, stepY } = walkUpright(image, orientation);
  if (width !== size || height !== size)
    throw new ImageError(
      'not-exact',
      `The picture has ${width} x ${height} pixels, and only pictures of ${size} x ${size} are taken here, as they are (fit "exact"). Give one of that size.`,
    );
  const plane = size * size;
  const canvas = new Float32Array(3 * plane);
  for (let y = 0, i = 0; y < size; y++)
    for (let x = 0; x < size; x++, i++)
      for (let c = 0; c < 3; c++) canvas[c * plane + i] = image.data[4 * (origin + y * stepY + x * stepX) + c];
  return canvas;
}

/** A picture whose sides are this near to those of a canvas may be one, moved or cropped. */
const NEAR = 16;

/**
 * The pixels of a picture whose sides differ from the canvas' by few pixels, about its centre; what it lacks at the
 * edges is repeated from there. null for any other picture.
 */
function nearly(image: Rgba, size: number, orientation: number): Float32Array<ArrayBuffer> | null {
  const { width, height, origin, stepX, stepY } = walkUpright(image, orientation);
  if (Math.max(Math.abs(width - size), Math.abs(height - size)) > NEAR) return null;
  const [left, top] = [Math.floor((size - width) / 2), Math.floor((size - height) / 2)];
  const within = (value: number, length: number) => Math.min(length - 1, Math.max(0, value));
  const plane = size * size;
  const canvas = new Float32Array(3 * plane);
  for (let at = 0; at < plane; at++) {
    const x = within((at % size) - left, width);
    const y = within(Math.floor(at / size) - top, height);
    const from = 4 * (origin + y * stepY + x * stepX);
    for (let channel = 0; channel < 3; channel++) canvas[channel * plane + at] = image.data[from + channel];
  }
  return canvas;
}

/**
 * One row of pixels, from byte `start` on and `step` bytes apart, resized to the columns: red, green, blue by turns,
 * into `out` at `to`.
 */
function squeezeRow(
  bytes: Uint8Array,
  start: number,
  step: number,
  columns: Contribution[],
  out: Float64Array,
  to: number,
): void {
  for (let x = 0, at = to; x < columns.length; x++, at += 3) {
    const { first, weights } = columns[x];
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let k = 0, position = start + first * step; k < weights.length; k++, position += step) {
      const weight = weights[k];
      red += weight * bytes[position];
      green += weight * bytes[position + 1];
      blue += weight * bytes[position + 2];
    }
    out[at] = red;
    out[at + 1] = green;
    out[at + 2] = blue;
  }
}

/**
 * How to walk over a picture as its EXIF orientation means it: the sides that it then has, the index of the pixel that
 * is at its top left, and how far apart two pixels are that are beside (x) or below (y) each other. 5..8 swap the axes;
 * 2 3 7 8 and 3 4 6 7 are mirrored in what is stored.
 */
export function walkUpright({ width, height }: { width: number; height: number }, orientation: number) {
  const flipX = [2, 3, 7, 8].includes(orientation);
  const flipY = [3, 4, 6, 7].includes(orientation);
  const origin = (flipY ? (height - 1) * width : 0) + (flipX ? width - 1 : 0);
  const along = flipX ? -1 : 1;
  const down = flipY ? -width : width;
  return orientation >= 5
    ? { width: height, height: width, origin, stepX: down, stepY: along }
    : { width, height, origin, stepX: along, stepY: down };
}
