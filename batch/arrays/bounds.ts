/**
 * How much may come out of one file: a few kilobytes can claim any number of bytes, by compression, by strides of 0,
 * or by naming the same bytes again and again. What is claimed is summed before anything is unpacked.
 */
import { constants, inflateRawSync, inflateSync } from 'node:zlib';
import { FormatError } from '#shared/formats';

/** Bytes that all arrays of a file may come to, beyond those of the file itself. */
const MOST_UNPACKED = 2 ** 28;
/** Numbers of one array that is widened to doubles: five times those of the largest canvas. */
const MOST_NUMBERS = 2 ** 24;
/** NumPy knows no more axes. */
export const MOST_AXES = 64;

/** Arrays of one file, whatever they are: a large network has some thousand. */
export const MOST_ENTRIES = 100_000;

export const tooManyEntries = () =>
  new FormatError(`This file has more than ${MOST_ENTRIES} parts. Save the perturbation alone.`);

/** @throws FormatError where the arrays of a file claim to be more than it may hold. */
export function checkClaims(claims: Iterable<number>, file: Uint8Array): void {
  let sum = 0;
  for (const claim of claims) sum += claim;
  if (!(sum <= file.length + MOST_UNPACKED))
    throw new FormatError(
      `This file of ${file.length} bytes claims to hold ${sum} bytes unpacked, and at most ${MOST_UNPACKED} more than its own are read. Save the perturbation alone, or as .npy.`,
    );
}

/** The product of a shape. @throws FormatError where there are too many axes or numbers. */
export function countOf(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  if (shape.length <= MOST_AXES && count <= MOST_NUMBERS) return count;
  throw new FormatError(
    `This file has an array of the shape [${shape.slice(0, 8).join(', ')}${shape.length > 8 ? ', …' : ''}], and at most ${MOST_NUMBERS} numbers are read of one. Save the perturbation alone.`,
  );
}

export interface Deflated {
  bytes: Uint8Array;
  /** With or without the header of zlib. */
  raw: boolean;
  /** Bytes that it claims to be. */
  claim: number;
}

/** All of it. @throws FormatError where it is not what it claims. */
export function inflate({ bytes, raw, claim }: Deflated): Uint8Array {
  const unpacked = (raw ? inflateRawSync : inflateSync)(bytes, { maxOutputLength: Math.max(1, claim) });
  if (unpacked.length !== claim) throw new FormatError('This file is damaged: an array is shorter than it claims.');
  return unpacked;
}

/** Compressed bytes that surely have an array's header in them; they become at most 4 MB. */
const HEAD = 4096;

/**
 * Unpacks beginnings, for the headers of a file's arrays: of all of them together no more than its arrays may come to.
 * @throws FormatError beyond that, and where one is damaged.
 */
export function startsOf(file: Uint8Array): (of: Deflated) => Uint8Array {
  let left = file.length + MOST_UNPACKED;
  const checked = () => {
    if (left < 0) throw new FormatError('This file has too many compressed arrays. Save the perturbation alone.');
  };
  return ({ bytes, raw }) => {
    checked();
    const head = bytes.subarray(0, HEAD);
    const start = (raw ? inflateRawSync : inflateSync)(head, { finishFlush: constants.Z_SYNC_FLUSH });
    left -= start.length;
    checked();
    return start;
  };
}
