import { extname } from 'node:path';
import { FormatError, readNpy, readNpyHeader, readSafetensors } from '#shared/formats';
import { readMat } from './mat.ts';
import { arrayOf, type NamedArray } from './named-array.ts';
import { readPth } from './pth.ts';
import { unzip } from './zip.ts';

const readers: Record<string, (bytes: Uint8Array) => NamedArray[]> = {
  '.npy': (bytes) => [arrayOf('array', readNpyHeader(bytes).shape, () => readNpy(bytes).data)],
  '.npz': readNpz,
  '.safetensors': (bytes) =>
    Object.entries(readSafetensors(bytes).tensors).map(([name, tensor]) =>
      arrayOf(name, tensor.shape, () => tensor.data),
    ),
  '.mat': readMat,
  '.pth': readPth,
  '.pt': readPth,
};

export const arrayFiles = Object.keys(readers);

/**
 * Every array of a file, by its extension: NumPy (.npy, .npz), safetensors, MATLAB level 5 (.mat), PyTorch (.pth, .pt).
 * Only names and shapes are read; the numbers of one array are unpacked when its `data` is first asked for.
 * @throws FormatError when the file is damaged, holds what is not read here, or claims to be larger than any such file
 * is: here, or where `data` is asked for. undefined when the extension is none of these.
 */
export function readArrays(path: string, bytes: Uint8Array): NamedArray[] | undefined {
  const read = readers[extname(path).toLowerCase()];
  return (
    read && naming(() => read(bytes)).map((array) => arrayOf(array.name, array.shape, () => naming(() => array.data)))
  );
}

/** Whatever a reader stumbles over is the file's fault. */
function naming<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(
      `This file is damaged (${error instanceof Error ? error.message : error}). Fetch or save it again.`,
    );
  }
}

function readNpz(bytes: Uint8Array): NamedArray[] {
  return [...unzip(bytes).values()].map(({ name, start, read }) =>
    arrayOf(name.replace(/\.npy$/, ''), readNpyHeader(start()).shape, () => readNpy(read()).data),
  );
}
