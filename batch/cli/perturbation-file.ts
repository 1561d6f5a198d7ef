/** Reads a perturbation from a file of anyone's making, and says how it was understood. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { readNpy, readSafetensors, type TypedArray } from '#shared/formats';
import { l2Norm, linfNorm } from '#shared/images';
import { UsageError } from '../errors/index.ts';

export const layouts = ['CHW', 'HWC'] as const;
export type Layout = (typeof layouts)[number];

export interface PerturbationFile {
  /** float32 [3,size,size], RGB, units of 0..255. */
  v: Float32Array;
  size: number;
  /** As the file has it. */
  shape: number[];
  /** What the file's unit was multiplied from: 255 where it was in 0..255, 1 where it was in 0..1. */
  scale: 255 | 1;
  layout: Layout;
  /** Which of scale and layout were guessed. */
  guessed: string[];
  linf: number;
  l2: number;
}

/**
 * Reads .npy, .npz (its first array) or .safetensors (its tensor `perturbation`, or the only one): [3,S,S], [S,S,3], and the same with a leading 1.
 *
 * @throws UsageError when it is no such file, no such shape, or holds numbers that are not finite.
 */
export async function readPerturbation(
  path: string,
  given: { scale?: 255 | 1; layout?: Layout } = {},
): Promise<PerturbationFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new UsageError(`The perturbation ${path} cannot be read: ${(error as Error).message}. Check the path.`);
  }
  const { data, shape } = arrayOf(bytes, path);
  const sides = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  const isChw = sides.length === 3 && sides[0] === 3 && sides[1] === sides[2];
  const isHwc = sides.length === 3 && sides[2] === 3 && sides[0] === sides[1];
  const layout = given.layout ?? (isChw ? 'CHW' : 'HWC');
  if (!(layout === 'CHW' ? isChw : isHwc)) {
    throw new UsageError(
      `The perturbation ${path} has shape [${shape.join(', ')}]${given.layout ? `, which is not ${given.layout}` : ''}. It must be [3,S,S] or [S,S,3], square, with or without a leading 1.`,
    );
  }
  const size = sides[1];
  const plane = size * size;
  const v = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < plane; i++) {
      v[channel * plane + i] = Number(data[layout === 'CHW' ? channel * plane + i : 3 * i + channel]);
    }
  }
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
  const guessed = [...(given.scale ? [] : ['scale']), ...(given.layout ? [] : ['layout'])];
  return { v, size, shape, scale, layout, guessed, linf: linfNorm(v), l2: l2Norm(v) };
}

function arrayOf(bytes: Uint8Array, path: string): { data: TypedArray; shape: number[] } {
  try {
    switch (extname(path).toLowerCase()) {
      case '.npy':
        return readNpy(bytes);
      case '.npz':
        return readNpy(firstOfZip(bytes));
      case '.safetensors': {
        const { tensors } = readSafetensors(bytes);
        const found = tensors.perturbation ?? Object.values(tensors)[0];
        if (found) return found;
        break;
      }
    }
  } catch (error) {
    throw new UsageError(
      `The perturbation ${path} cannot be read: ${(error as Error).message} Craft or export it again.`,
    );
  }
  throw new UsageError(
    `The perturbation ${path} is no .npy, .npz or .safetensors file with an array in it. Give one of these.`,
  );
}

/** The content of the first entry of a zip file (PKWARE APPNOTE 4.3), stored or deflated: an .npz is a zip of .npy files. */
function firstOfZip(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Sizes stand reliably only in the central directory, which the record at the end points to.
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Error('it is no zip file.');
  const entry = view.getUint32(end + 16, true);
  if (entry + 46 > bytes.length || view.getUint32(entry, true) !== 0x02014b50)
    throw new Error('its list of arrays is damaged.');
  const method = view.getUint16(entry + 10, true);
  const length = view.getUint32(entry + 20, true);
  const header = view.getUint32(entry + 42, true);
  if (header + 30 > bytes.length) throw new Error('it is cut off.');
  const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  const content = bytes.subarray(start, start + length);
  if (method === 0) return content.slice();
  if (method === 8) return new Uint8Array(inflateRawSync(content));
  throw new Error('it is compressed in a way that NumPy does not use.');
}
