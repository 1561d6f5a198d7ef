/** A perturbation that others made, as a job: what is measured of it depends on its numbers. */
import { writeNpy } from '#shared/formats';
import { l2Norm, linfNorm } from '#shared/images';
import type { Norm } from '#shared/release';
import { type CraftedResult, craftedResult } from '../../analyses/index.ts';
import { defineStep } from '../../jobs/index.ts';

interface Inputs {
  /** SHA-256 of the file, and of the numbers that were read from it. */
  sha256: { file: string; v: string };
  norm: Norm;
  epsilon: number;
  canvas: number;
}

interface Place {
  /** [3,canvas,canvas], in units of 0..255. */
  v: Float32Array<ArrayBuffer>;
}

export const givenStep = defineStep<Inputs, CraftedResult, Place>({
  name: 'given',
  source: import.meta.url,
  isLocal: true,
  result: craftedResult,
  async run(_context, { canvas }, { v }) {
    return {
      result: {
        ...{ settings: {}, photos: 0, gradients: 0, seconds: 0, curve: [], growth: [], fooling: null, each: [] },
        ...{ linf: linfNorm(v), l2: l2Norm(v) },
      },
      files: { 'perturbation.npy': writeNpy(v, [3, canvas, canvas]) },
    };
  },
});
