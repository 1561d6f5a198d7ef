/** Perturbations of a study that others made: read when the study is, so that what is wrong is said at once. */
import { basename, extname, resolve } from 'node:path';
import { UsageError } from '#shared/errors';
import { l2Norm, linfNorm, project } from '#shared/images';
import { type GivenPerturbation, givenAttack, type Norm, sha256Hex } from '#shared/release';
import { parseScale, readPerturbation } from '../arrays/index.ts';
import { hashFile } from '../files/index.ts';
import { codecs } from '../photos/index.ts';

export interface Given {
  id: string;
  norm: Norm;
  epsilon: number;
  /** float32 [3,canvas,canvas], in units of 0..255, within its bound. */
  v: Float32Array<ArrayBuffer>;
  /** SHA-256 of the file, and of the numbers that were read from it. */
  sha256: { file: string; v: string };
  /** As the study has it. */
  wanted: GivenPerturbation;
}

/**
 * Reads one. Its bound is what the study says, or what it tells itself, rounded up to three digits.
 * @param base Folder that its path starts from.
 * @throws UsageError as `readPerturbation`, and where it is not of the size of the canvas.
 */
export async function readGiven(wanted: GivenPerturbation, base: string, canvas: number): Promise<Given> {
  const path = resolve(base, wanted.file);
  const { array, index, layout, order, norm: said, epsilon, clip } = wanted;
  const scale = wanted.scale === undefined ? undefined : parseScale(String(wanted.scale));
  const understanding = { scale, array, index, layout, order, norm: said, epsilon, clip };
  const { v, size, bound } = await readPerturbation(path, understanding, async (bytes) =>
    (await codecs()).decode(bytes),
  );
  if (size !== canvas)
    throw new UsageError(
      `The perturbation ${path} has ${size} x ${size} pixels, and the study's canvas has ${canvas} x ${canvas}: a perturbation is not resized, which would make another of it. Set "canvas" to ${size}, or take it out of the study.`,
    );
  const norm = said ?? bound.norm;
  const own = { norm, epsilon: epsilon ?? roundedUp(norm === bound.norm ? bound.epsilon : sizeOf(v, norm)) };
  // What rounding in the file put beyond the bound.
  project(v, own.norm, own.epsilon);
  return {
    ...{ id: wanted.id ?? idOf(wanted), ...own, v, wanted },
    sha256: { file: await hashFile(path), v: sha256Hex(new Uint8Array(v.buffer)) },
  };
}

const sizeOf = (v: Float32Array, norm: Norm) => (norm === 'inf' ? linfNorm(v) : l2Norm(v));

/** To three digits. */
function roundedUp(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 2);
  return Number((Math.ceil(value / unit - 1e-6) * unit).toPrecision(3));
}

/** Its file's name, and which of a stack it is. */
function idOf({ file, index }: GivenPerturbation): string {
  const name = basename(file, extname(file))
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|\.+$/g, '');
  return `${name || givenAttack}${index === undefined ? '' : `.${index}`}`;
}
