import { UsageError } from '#shared/errors';
import { readArrays } from '../arrays/index.ts';
import { readBytes, reasonOf } from '../files/index.ts';

/**
 * Canvases from an .npy file, or the first array of four axes of an .npz: [P,3,S,S] of uint8, or of float32 in 0..255,
 * rounded.
 * @throws UsageError when the file is not there or is no such array.
 */
export async function canvasesOfNpy(path: string, canvas: number): Promise<{ count: number; data: Uint8Array }> {
  const { data, shape } = await read(path);
  const remedy = 'Canvases are [photos,3,S,S] of uint8, or of float32 in 0..255, RGB planes.';
  if (shape.length !== 4 || shape[1] !== 3 || shape[2] !== shape[3] || shape[0] === 0) {
    throw new UsageError(`${path} has the shape [${shape.join(',')}], which is not one of canvases. ${remedy}`);
  }
  if (shape[2] !== canvas) {
    throw new UsageError(
      `The canvases of ${path} are ${shape[2]} pixels wide, and ${canvas} are asked for. Set the canvas to ${shape[2]}, or give photos, which are resized.`,
    );
  }
  if (data instanceof Uint8Array) return { count: shape[0], data };
  if (!(data instanceof Float32Array || data instanceof Float64Array)) {
    throw new UsageError(`${path} has numbers of a type that canvases do not have. ${remedy}`);
  }
  let largest = 0;
  const rounded = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    if (!(data[i] >= 0 && data[i] <= 255))
      throw new UsageError(`${path} has the value ${data[i]}, which is no pixel. ${remedy}`);
    if (data[i] > largest) largest = data[i];
    rounded[i] = Math.round(data[i]);
  }
  if (largest <= 1) {
    throw new UsageError(
      `${path} has no value above ${largest}: its pixels seem to be in 0..1. ${remedy} Multiply by 255.`,
    );
  }
  return { count: shape[0], data: rounded };
}

async function read(path: string) {
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(path);
  } catch (error) {
    throw new UsageError(`The canvases ${path} cannot be read: ${reasonOf(error)}. Check the path.`);
  }
  try {
    const { arrays } = (await readArrays(path, bytes)) ?? { arrays: [] };
    // One beside labels or names, as data sets are saved, is known by its axes.
    const first = arrays.find(({ shape }) => shape.length === 4) ?? arrays[0];
    // Unpacked here: what is wrong with it is said below.
    if (first) return { shape: first.shape, data: await first.read() };
  } catch (error) {
    throw new UsageError(
      `${path} is no file of canvases that can be read: ${(error as Error).message} Write it with numpy.save or numpy.savez.`,
    );
  }
  throw new UsageError(`${path} has no array in it. Write it with numpy.savez.`);
}
