import { extname } from 'node:path';
import { FormatError, readNpy, readSafetensors } from '#shared/formats';
import { readMat } from './mat.ts';
import type { NamedArray } from './named-array.ts';
import { readPth } from './pth.ts';
import { unzip } from './zip.ts';

const readers: Record<string, (bytes: Uint8Array) => NamedArray[]> = {
  '.npy': (bytes) => [{ name: 'array', ...readNpy(bytes) }],
  '.npz': readNpz,
  '.safetensors': (bytes) =>
    Object.entries(readSafetensors(bytes).tensors).map(([name, tensor]) => ({ name, ...tensor })),
  '.mat': readMat,
  '.pth': readPth,
  '.pt': readPth,
};

export const arrayFiles = Object.keys(readers);

/**
 * Every array of a file, by its extension: NumPy (.npy, .npz), safetensors, MATLAB level 5 (.mat), PyTorch (.pth, .pt).
 * @throws FormatError when the file is damaged or holds what is not read here; undefined when the extension is none of
 * these.
 */
export function readArrays(path: string, bytes: Uint8Array): NamedArray[] | undefined {
  try {
    return readers[extname(path).toLowerCase()]?.(bytes);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(
      `This file is damaged (${error instanceof Error ? error.message : error}). Fetch or save it again.`,
    );
  }
}

function readNpz(bytes: Uint8Array): NamedArray[] {
  return Object.entries(unzip(bytes)).map(([name, file]) => ({ name: name.replace(/\.npy$/, ''), ...readNpy(file) }));
}
