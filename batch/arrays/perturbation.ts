/** Reads a perturbation from a file of anyone's making, and says how it was understood. */
import { extname } from 'node:path';
import { l2Norm, linfNorm, type Rgba, sniffImage } from '#shared/images';
import type { Norm } from '#shared/release';
import { UsageError } from '../errors/index.ts';
import { readBytes, reasonOf } from '../files/index.ts';
import type { NamedArray } from './named-array.ts';
import { arrayFiles, readArrays } from './read.ts';

export const layouts = ['CHW', 'HWC'] as const;
export type Layout = (typeof layouts)[number];
export const orders = ['RGB', 'BGR'] as const;
export type Order = (typeof orders)[number];
export const perturbationFiles = [...arrayFiles, '.png'];

/** How a file is to be understood; what is left out is guessed. */
export interface Understanding {
  /** The largest pixel value in the unit of the file. */
  scale?: 255 | 1;
  layout?: Layout;
  order?: Order;
  /** Name of the array, where a file has several. */
  array?: string;
  /** Bound that an amplified picture is scaled to. */
  epsilon?: number;
}

export interface PerturbationFile {
  /** float32 [3,size,size], RGB, units of 0..255. */
  v: Float32Array;
  size: number;
  /** As the file has it. */
  shape: number[];
  /** Name of the array in the file. */
  array: string;
  /** What the file's unit was multiplied from: 255 where it was in 0..255, 1 where it was in 0..1. */
  scale: 255 | 1;
  layout: Layout;
  order: Order;
  /** Which of scale, layout and order were guessed. */
  guessed: string[];
  linf: number;
  l2: number;
  /** What else a person should know of how the file was read. */
  note: string | null;
}

/** Turns the bytes of a picture into pixels: `decode` of the codecs. */
type DecodePicture = (bytes: Uint8Array<ArrayBuffer>) => Rgba | Promise<Rgba>;

/** A picture whose values lie further than this from the middle grey shows v amplified: no usual bound is as large. */
const mostInPictures = 64;
/** Twice the side of the largest canvas. */
const largestSide = 2048;

/**
 * Reads .npy, .npz, .safetensors, .mat (level 5), .pth and .pt: an array [3,S,S] or [S,S,3], with or without a leading
 * 1; and .png: v around the middle grey, 128 + v, or amplified as in our preview.png and then scaled to a bound.
 *
 * Guesses: planes first or last by the shape; units of 0..1 where no value exceeds 1; RGB.
 *
 * @param decode What reads a picture.
 * @throws UsageError when it is no such file, no such shape, or holds numbers that are not finite.
 */
export async function readPerturbation(
  path: string,
  given: Understanding,
  decode: DecodePicture,
): Promise<PerturbationFile> {
  const bytes = await readBytes(path).catch((error: unknown) => {
    throw new UsageError(`The perturbation ${path} cannot be read: ${reasonOf(error)}. Check the path.`);
  });
  const isPicture = extname(path).toLowerCase() === '.png';
  const array = isPicture ? await picture(path, bytes, decode) : arrayOf(path, bytes, given.array);
  const { name, shape } = array;
  const { layout, size } = layoutOf(path, shape, given.layout);
  const order = given.order ?? 'RGB';
  const v = planes(array.data, size, layout, order);
  const bad = v.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new UsageError(
      `The perturbation ${path} holds ${v[bad]}, which is no pixel value. Craft or export it again.`,
    );
  const largest = linfNorm(v);
  if (largest === 0)
    throw new UsageError(`The perturbation ${path} is zero everywhere, so that there is nothing to measure.`);
  const scale = given.scale ?? (largest <= 1 ? 1 : 255);
  if (scale === 1) for (let i = 0; i < v.length; i++) v[i] *= 255;
  const note = isPicture ? amplified(v, given.epsilon) : null;
  const guessed = (['scale', 'layout', 'order'] as const).filter((what) => given[what] === undefined);
  return { v, size, shape, array: name, scale, layout, order, guessed, linf: linfNorm(v), l2: l2Norm(v), note };
}

/** Scales an amplified picture back, and says so. */
function amplified(v: Float32Array, epsilon = 10): string | null {
  const largest = linfNorm(v);
  if (largest <= mostInPictures) return 'The picture is read as 128 + v.';
  for (let i = 0; i < v.length; i++) v[i] *= epsilon / largest;
  return `The picture reaches ${largest.toFixed(0)} from the middle grey, more than any usual bound: it is read as amplified, and scaled so that its largest value is ${epsilon}. --epsilon sets another; an exact copy is in the .npy file beside our previews.`;
}

/**
 * The bound that a perturbation was made for, as far as it tells itself. Under norm inf most values lie at the bound,
 * so that their root mean square is near the largest one; under norm 2 a few stand out far.
 */
export function boundOf({ v, linf, l2 }: Pick<PerturbationFile, 'v' | 'linf' | 'l2'>): { norm: Norm; epsilon: number } {
  return l2 / Math.sqrt(v.length) > linf / 2 ? { norm: 'inf', epsilon: linf } : { norm: '2', epsilon: l2 };
}

async function picture(path: string, bytes: Uint8Array<ArrayBuffer>, decode: DecodePicture): Promise<NamedArray> {
  const header = sniffImage(bytes);
  if (header && Math.max(header.width, header.height) > largestSide)
    throw new UsageError(
      `The perturbation ${path} is a picture of ${header.width} x ${header.height} pixels, and at most ${largestSide} a side are read. Export it again.`,
    );
  let decoded: Rgba;
  try {
    decoded = await decode(bytes);
  } catch (error) {
    throw new UsageError(`The perturbation ${path} cannot be read: ${(error as Error).message} Export it again.`);
  }
  const { data, width, height } = decoded;
  const values = Float32Array.from(
    { length: 3 * width * height },
    (_, i) => data[4 * Math.floor(i / 3) + (i % 3)] - 128,
  );
  return { name: 'picture', data: values, shape: [height, width, 3] };
}

const likelyNames = ['perturbation', 'v', 'delta', 'uap', 'r', 'noise'];

function arrayOf(path: string, bytes: Uint8Array, wanted: string | undefined): NamedArray {
  let found: NamedArray[] | undefined;
  try {
    found = readArrays(path, bytes);
  } catch (error) {
    throw new UsageError(
      `The perturbation ${path} cannot be read: ${(error as Error).message} Craft or export it again.`,
    );
  }
  if (!found)
    throw new UsageError(`The perturbation ${path} is none of ${perturbationFiles.join(', ')}. Give one of these.`);
  const names = found.map(({ name }) => name);
  if (wanted !== undefined) {
    const named = found.find(({ name }) => name === wanted);
    if (named) return unpacked(path, named);
    throw new UsageError(`The file ${path} has no array "${wanted}". It has ${names.join(', ') || 'none'}.`);
  }
  const fitting = found.filter(({ shape }) => sidesOf(shape));
  const chosen =
    likelyNames.map((name) => fitting.find((array) => array.name.toLowerCase() === name)).find(Boolean) ??
    fitting[0] ??
    found[0];
  if (chosen) return unpacked(path, chosen);
  throw new UsageError(
    `The file ${path} has no array of numbers in it. Give one with a perturbation of shape [3,S,S] or [S,S,3].`,
  );
}

/** The one array that is asked for, once its numbers are at hand: of a shape that may be none, they are left alone. */
function unpacked(path: string, array: NamedArray): NamedArray {
  if (!sidesOf(array.shape)) return array;
  try {
    return { name: array.name, shape: array.shape, data: array.data };
  } catch (error) {
    throw new UsageError(
      `The perturbation ${path} cannot be read: ${(error as Error).message} Craft or export it again.`,
    );
  }
}

/** Which layouts a shape can be, and its side; null for no perturbation. */
function sidesOf(shape: number[]): { size: number; layouts: Layout[] } | null {
  const sides = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  if (sides.length !== 3) return null;
  const found: Layout[] = [];
  if (sides[0] === 3 && sides[1] === sides[2]) found.push('CHW');
  if (sides[2] === 3 && sides[0] === sides[1]) found.push('HWC');
  return found.length > 0 ? { size: sides[1], layouts: found } : null;
}

function layoutOf(path: string, shape: number[], given: Layout | undefined): { layout: Layout; size: number } {
  const sides = sidesOf(shape);
  const layout = given ?? sides?.layouts[0];
  if (sides && layout && sides.layouts.includes(layout)) return { layout, size: sides.size };
  throw new UsageError(
    `The perturbation ${path} has shape [${shape.join(', ')}]${given ? `, which is not ${given}` : ''}. It must be [3,S,S] or [S,S,3], square, with or without a leading 1.`,
  );
}

function planes(data: ArrayLike<number | bigint>, size: number, layout: Layout, order: Order): Float32Array {
  const plane = size * size;
  const v = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    const from = order === 'RGB' ? channel : 2 - channel;
    for (let i = 0; i < plane; i++) {
      v[channel * plane + i] = Number(data[layout === 'CHW' ? from * plane + i : 3 * i + from]);
    }
  }
  return v;
}
