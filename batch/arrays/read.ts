import { extname } from 'node:path';
import { UsageError } from '#shared/errors';
import { FormatError, type NpyHeader, readNpy, readNpyHeader, readTensors } from '#shared/formats';
import { isHdf5, readHdf5 } from './hdf5.ts';
import { readMat } from './mat.ts';
import { type Contents, type NamedArray, typeName } from './named-array.ts';
import { readPth } from './pth.ts';
import { unzip } from './zip.ts';

type Reader = (bytes: Uint8Array, path: string) => Contents | Promise<Contents>;

const readers: Record<string, Reader> = {
  '.npy': (bytes) => ({ arrays: [npyArray('array', readNpyHeader(bytes), () => bytes)], others: [] }),
  '.npz': readNpz,
  '.safetensors': safetensors,
  '.mat': (bytes, path) => (isHdf5(bytes) ? readHdf5(bytes, path) : readMat(bytes)),
  '.h5': readHdf5,
  '.hdf5': readHdf5,
  '.pth': readPth,
  '.pt': readPth,
};

export const arrayFiles = Object.keys(readers);

/**
 * Every array of a file, by its extension: NumPy (.npy, .npz), safetensors, MATLAB (.mat), HDF5 (.h5, .hdf5), PyTorch
 * (.pth, .pt). Only names and shapes are read; the numbers of one array are unpacked when they are asked for, and what
 * is no array of numbers is named and passed over.
 * @throws FormatError when the file is damaged, holds what is not read here, or claims to be larger than any such file
 * is: here, or where numbers are asked for. UsageError when reading takes longer than it may. undefined when the
 * extension is none of these.
 */
export async function readArrays(path: string, bytes: Uint8Array): Promise<Contents | undefined> {
  const read = readers[extname(path).toLowerCase()];
  if (!read) return undefined;
  const contents = await naming(() => read(bytes, path));
  return {
    ...contents,
    arrays: contents.arrays.map((array) => ({ ...array, read: () => naming(() => array.read()) })),
  };
}

/** Whatever a reader stumbles over is the file's fault. */
async function naming<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof FormatError || error instanceof UsageError) throw error;
    throw new FormatError(
      `This file is damaged (${error instanceof Error ? error.message : error}). Fetch or save it again.`,
    );
  }
}

function npyArray(name: string, { shape, dtype }: NpyHeader, bytes: () => Uint8Array): NamedArray {
  const [, kind, width] = /([a-zA-Z])(\d+)$/.exec(dtype) as unknown as [string, string, string];
  const type = typeName(kind === 'i' ? 'int' : kind === 'u' ? 'uint' : 'float', Number(width));
  return { name, shape, type, read: async () => readNpy(bytes()).data };
}

function readNpz(bytes: Uint8Array): Contents {
  const contents: Contents = { arrays: [], others: [] };
  for (const { name: file, start, read } of unzip(bytes).values()) {
    const name = file.replace(/\.npy$/, '');
    try {
      contents.arrays.push(npyArray(name, readNpyHeader(start()), read));
    } catch (error) {
      contents.others.push({ name, why: whyOf(error) });
    }
  }
  return contents;
}

/** What is said of an array beside others, as it goes on after its name. */
const whyOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Names of the format's types of real numbers. */
const safetensorsType = /^(BF|[FIU])(8|16|32|64)$/;

function safetensors(bytes: Uint8Array): Contents {
  const { tensors, metadata } = readTensors(bytes);
  const contents: Contents = { arrays: [], others: [] };
  for (const [name, tensor] of Object.entries(tensors)) {
    const [, kind, bits] = safetensorsType.exec(tensor.dtype) ?? [];
    if (!kind) contents.others.push({ name, why: `of the type ${tensor.dtype}` });
    else {
      const type = typeName(kind === 'I' ? 'int' : kind === 'U' ? 'uint' : 'float', Number(bits) / 8);
      contents.arrays.push({ name, shape: tensor.shape, type, read: async () => tensor.data });
    }
  }
  // What the Atlas writes says so: see `perturbationMetadata`.
  if (metadata.units === '0..255') contents.scale = 255;
  return contents;
}
