// Perturbations of releases, folders and files, as arrays.
import { hash } from 'node:crypto';
import { UsageError } from '#shared/errors';
import { readPerturbation, type Scale } from '../arrays/index.ts';
import { codecs } from '../photos/index.ts';
import { type PerturbationPath, pathsOf } from './find.ts';

export interface FoundPerturbation extends PerturbationPath {
  /** float32 [3,size,size], RGB, units of 0..255. */
  v: Float32Array;
  size: number;
  /** Of the numbers in it. */
  sha256: string;
}

/**
 * Every perturbation of some sources. The same numbers twice count once, under the first of their names.
 *
 * @param sources releases, folders (and the folders in them) and files
 * @param options.scale the unit of the files, where they do not tell it themselves
 * @param options.onProgress is told how many are read
 * @throws UsageError where there is none, or one is no perturbation, or is for another canvas than the others;
 *   AtlasError for a release that is broken
 */
export async function readPerturbations(
  sources: readonly string[],
  { scale, onProgress }: { scale?: Scale; onProgress?: (progress: { done: number; total: number }) => void } = {},
): Promise<FoundPerturbation[]> {
  const paths = (await Promise.all(sources.map(pathsOf))).flat();
  const found = new Map<string, FoundPerturbation>();
  const taken = new Set<string>();
  let first: FoundPerturbation | undefined;
  for (const [done, one] of paths.entries()) {
    onProgress?.({ done, total: paths.length });
    const { v, size } = await readPerturbation(one.path, { scale }, async (bytes) => (await codecs()).decode(bytes));
    if (first && first.size !== size)
      throw new UsageError(
        `The perturbation ${one.path} is for a canvas of ${size} pixels, and "${first.id}" for one of ${first.size}. A picture is looked at on one canvas: give those of one size.`,
      );
    const sha256 = hash('sha256', v);
    if (found.has(sha256)) continue;
    // Two of one name are told apart by where they lie.
    const perturbation = { ...one, id: taken.has(one.id) ? one.path : one.id, v, size, sha256 };
    first ??= perturbation;
    taken.add(one.id);
    found.set(sha256, perturbation);
  }
  return [...found.values()];
}
