/** Reads a perturbation from a file of anyone's making, and says how it was understood. */
import { extname } from 'node:path';
import { UsageError } from '#shared/errors';
import { l2Norm, linfNorm, type Rgba, sniffImage } from '#shared/images';
import type { Norm } from '#shared/release';
import { readBytes, reasonOf } from '../files/index.ts';
import { type Bound, boundOf, holdTo, sizeText } from './bound.ts';
import { chosenOf } from './choose.ts';
import { type Layout, type Order, type Place, placesOf, planesOf } from './layout.ts';
import type { Contents, NamedArray, Numbers } from './named-array.ts';
import { arrayFiles, readArrays } from './read.ts';
import { recordedSize } from './recorded.ts';
import { fromPicture, mostUsual, type Scale, scaleOf, toPixels, withoutGrey } from './units.ts';

export const perturbationFiles = [...arrayFiles, '.png'];

/** How a file is to be understood; what is left out is guessed, or an error where it cannot be told. */
export interface Understanding {
  /** The unit of the file. */
  scale?: Scale;
  layout?: Layout;
  order?: Order;
  /** Name of the array, where a file has several. */
  array?: string;
  /** Which of a stack, from 0. */
  index?: number;
  /** Norm of the bound; the one that the perturbation seems to be made for when left out. */
  norm?: Norm;
  /** Bound that it is held to, and that an amplified picture is scaled to, in units of 0..255. */
  epsilon?: number;
  /** Bring it within that bound, where it is beyond: an error otherwise. */
  clip?: boolean;
}

export interface PerturbationFile {
  /** float32 [3,size,size], RGB, units of 0..255. */
  v: Float32Array<ArrayBuffer>;
  size: number;
  /** As the file has it. */
  shape: number[];
  /** Name of the array in the file. */
  array: string;
  /** Which of how many, where the array is a stack. */
  stack: { index: number; count: number } | null;
  /** The unit of the file. */
  scale: Scale;
  layout: Layout;
  order: Order;
  /** Which of scale, layout and order were guessed. */
  guessed: string[];
  linf: number;
  l2: number;
  /** The bound that it seems to be made for, before it was held to another. */
  bound: Bound;
  /** Whether it was brought within the bound that was given. */
  clipped: boolean;
  /** What else a person should know of how the file was read. */
  note: string | null;
}

/** Turns the bytes of a picture into pixels: `decode` of the codecs. */
type DecodePicture = (bytes: Uint8Array<ArrayBuffer>) => Rgba | Promise<Rgba>;

/** Twice the side of the largest canvas. */
const largestSide = 2048;
/** Bytes of a file: a stack of 400 perturbations of the usual canvas. */
const largestFile = 2 ** 28;
/** Numbers of a stack, which take up to twelve bytes each while they are read. */
const mostNumbers = 2 ** 26;

interface Found {
  name: string;
  shape: number[];
  data: Numbers;
  /** "uint8" of an array that is read as a picture is; null of a picture. */
  type: string | null;
  isPicture: boolean;
  scale?: Scale;
}

/**
 * Reads .npy, .npz, .safetensors, .mat, .h5, .hdf5, .pth and .pt: an array [3,S,S] or [S,S,3], axes of 1 aside, or a
 * stack of them; and pictures, .png or arrays of uint8: v around the middle grey, 128 + v, or amplified as in our
 * preview.png and then scaled to a bound.
 *
 * Guesses: planes first or last by the shape; units of 0..255 where some value exceeds 2, or where the record beside
 * the file says so; RGB.
 *
 * @param decode What reads a picture.
 * @throws UsageError when it is no such file, no such shape, of several arrays or units that do not tell which, holds
 * numbers that are not finite, is beyond the bound that it is held to, or beyond 256 MB or 2048 pixels a side.
 */
export async function readPerturbation(
  path: string,
  given: Understanding,
  decode: DecodePicture,
): Promise<PerturbationFile> {
  const bytes = await readBytes(path, { most: largestFile }).catch((error: unknown) => {
    throw new UsageError(`The perturbation ${path} cannot be read: ${reasonOf(error)}. Check the path.`);
  });
  const isFile = extname(path).toLowerCase() === '.png';
  const found = isFile ? await picture(path, bytes, decode) : await arrayOf(path, bytes, given.array);
  const { name, shape } = found;
  const place = placeOf(path, shape, given.layout);
  const index = indexOf(path, shape, place, given.index);
  const order = given.order ?? 'RGB';
  const v = new Float32Array(planesOf(found.data, place, index, order));
  const bad = v.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new UsageError(
      `The perturbation ${path} holds ${v[bad]}, which is no pixel value. Craft or export it again.`,
    );
  const recorded = await recordedSize(path);
  const { scale, notes } = inPixels(path, v, found, given, recorded);
  const largest = linfNorm(v);
  if (largest > 255)
    throw new UsageError(
      `The perturbation ${path} would reach ${Number(largest.toPrecision(4))} of 255 in the unit that it is read in. Say its own with --scale.`,
    );
  const bound = boundOf(v);
  const { norm = bound.norm, epsilon, clip = false } = given;
  const before = sizeText(v, norm);
  const clipped = epsilon !== undefined && holdTo(path, v, { norm, epsilon }, clip);
  if (clipped) notes.push(`It is brought within ${epsilon} (norm ${norm}), from its own ${before}.`);
  const isKnown = found.isPicture || found.scale !== undefined;
  const guessed = (['scale', 'layout', 'order'] as const).filter(
    (what) => given[what] === undefined && !(what === 'scale' && isKnown),
  );
  return {
    ...{ v, size: place.size, shape, array: name },
    stack: place.stack && { index, count: place.stack.count },
    ...{ scale, layout: place.layout, order, guessed, linf: linfNorm(v), l2: l2Norm(v), bound, clipped },
    note: notes.join(' ') || null,
  };
}

/** Brings v into units of 0..255, in place. */
function inPixels(
  path: string,
  v: Float32Array,
  { isPicture, type, scale: own }: Found,
  given: Understanding,
  recorded: number | undefined,
) {
  const notes: string[] = [];
  let scale: Scale = 255;
  const isZero = () => {
    if (linfNorm(v) > 0) return;
    throw new UsageError(`The perturbation ${path} is zero everywhere, so that there is nothing to measure.`);
  };
  if (isPicture) {
    if (given.scale !== undefined && given.scale !== 255)
      throw new UsageError(`The perturbation ${path} is a picture, whose pixels are of 0..255. Leave --scale out.`);
    fromPicture(path, v);
    isZero();
    notes.push(amplified(v, given, type === 'uint8' ? 'array of uint8' : 'picture'));
  } else {
    isZero();
    const isRecorded = recorded !== undefined && Math.abs(linfNorm(v) / recorded - 1) < 1e-3;
    scale = given.scale ?? own ?? (isRecorded ? 255 : scaleOf(path, v));
    toPixels(v, scale);
    const note = withoutGrey(v);
    if (note) notes.push(note);
    isZero();
  }
  return { scale, notes };
}

/** Scales an amplified picture back, and says so. */
function amplified(v: Float32Array, { epsilon, norm = 'inf' }: Understanding, what: string): string {
  const largest = linfNorm(v);
  if (largest <= mostUsual) return `The ${what} is read as 128 + v.`;
  const bound = epsilon ?? 10;
  const size = norm === '2' && epsilon !== undefined ? l2Norm(v) : largest;
  for (let i = 0; i < v.length; i++) v[i] *= bound / size;
  return `The ${what} reaches ${largest.toFixed(0)} from the middle grey, more than any usual bound: it is read as amplified, and scaled so that its ${size === largest ? 'largest value' : 'length'} is ${bound}. --epsilon sets another; an exact copy is in the .npy file beside our previews.`;
}

async function picture(path: string, bytes: Uint8Array<ArrayBuffer>, decode: DecodePicture): Promise<Found> {
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
  const values = Float32Array.from({ length: 3 * width * height }, (_, i) => data[4 * Math.floor(i / 3) + (i % 3)]);
  return { name: 'picture', data: values, shape: [height, width, 3], type: null, isPicture: true };
}

async function arrayOf(path: string, bytes: Uint8Array, wanted: string | undefined): Promise<Found> {
  const unreadable = (error: unknown) => {
    throw new UsageError(
      `The perturbation ${path} cannot be read: ${(error as Error).message} Craft or export it again.`,
    );
  };
  const contents: Contents | undefined = await readArrays(path, bytes).catch(unreadable);
  if (!contents)
    throw new UsageError(`The perturbation ${path} is none of ${perturbationFiles.join(', ')}. Give one of these.`);
  const chosen: NamedArray = chosenOf(path, contents, wanted);
  const { name, shape, type } = chosen;
  const [place] = placesOf(shape);
  if (place && (place.size > largestSide || shape.reduce((product, side) => product * side, 1) > mostNumbers))
    throw new UsageError(
      `The perturbation ${path} has shape [${shape.join(', ')}], and at most ${largestSide} pixels a side and ${mostNumbers} numbers are read. Export it again, or a part of the stack.`,
    );
  // Of a shape that may be none, its numbers are left alone.
  const data = place ? await chosen.read().catch(unreadable) : [];
  return { name, shape, data, type, isPicture: type === 'uint8', scale: contents.scale };
}

function placeOf(path: string, shape: number[], given: Layout | undefined): Place {
  const found = placesOf(shape).find(({ layout }) => given === undefined || layout === given);
  if (found) return found;
  throw new UsageError(
    `The perturbation ${path} has shape [${shape.join(', ')}]${given ? `, which is not ${given}` : ''}. It must be [3,S,S] or [S,S,3], square, or a stack of these.`,
  );
}

function indexOf(path: string, shape: number[], { stack }: Place, given: number | undefined): number {
  const said = `The perturbation ${path} has shape [${shape.join(', ')}]`;
  if (!stack) {
    if (!given) return 0;
    throw new UsageError(`${said}, which is one perturbation and no stack. Leave --index out.`);
  }
  if (given === undefined)
    throw new UsageError(
      `${said}: there are ${stack.count} in it. Say which with --index, from 0 to ${stack.count - 1}.`,
    );
  if (given < stack.count) return given;
  throw new UsageError(
    `${said}: there are ${stack.count} in it, and --index ${given} is none of 0 to ${stack.count - 1}.`,
  );
}
