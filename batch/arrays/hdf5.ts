/**
 * HDF5 (https://docs.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html), and MATLAB 7.3, which is HDF5 too: read by
 * h5wasm, the C library of the format in WebAssembly. It sees no file of this machine, and works in a process that a
 * deadline ends.
 */

import { megabytes } from '#shared/errors';
import { FormatError } from '#shared/formats';
import { inChild, type Remote } from '../children/index.ts';
import type { Contents } from './named-array.ts';

type Work = typeof import('./hdf5-work.ts');

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Bytes of a file: it is copied to that process, and lies in its memory. */
const LARGEST = 2 ** 28;
/** The slowest file of that size takes a few. */
const SECONDS = 10;

/** It begins at byte 0, 512, 1024 or any later doubling: MATLAB writes a header of its own before it. */
export function isHdf5(bytes: Uint8Array): boolean {
  for (let at = 0; at + SIGNATURE.length <= bytes.length; at = at === 0 ? 512 : 2 * at)
    if (SIGNATURE.every((byte, i) => bytes[at + i] === byte)) return true;
  return false;
}

/**
 * The arrays of a file, in groups too: those are named with their path. MATLAB's lie in the order of their axes.
 * @throws FormatError when it is no such file, or larger than 256 MB; UsageError when that cannot be told in time.
 */
export async function readHdf5(bytes: Uint8Array, path: string): Promise<Contents> {
  if (!isHdf5(bytes)) throw new FormatError('This is no HDF5 file: it does not have its signature. Save it again.');
  if (bytes.length > LARGEST)
    throw new FormatError(
      `This HDF5 file has ${megabytes(bytes.length)}, and at most ${megabytes(LARGEST)} are read of one. Save the perturbation alone.`,
    );
  const work = <Result>(of: (call: Remote<Work>) => Promise<Result>) =>
    inChild<Work, Result>(
      new URL('./hdf5-work.ts', import.meta.url),
      { what: `The file ${path}`, bytes: bytes.length, seconds: SECONDS },
      of,
    );
  const { datasets, others } = await work(({ list }) => list(bytes));
  return {
    arrays: datasets.map((dataset) => ({
      ...{ name: dataset.name, shape: dataset.shape, type: dataset.type },
      read: () => work(({ read }) => read(bytes, dataset)),
    })),
    others,
  };
}
