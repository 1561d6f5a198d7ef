/** A perturbation made from another one, without crafting: for findings that ask what of it matters. */
import { writeNpy } from '#shared/formats';
import { l2Norm, linfNorm } from '#shared/images';
import { type VariantKind, variantOf } from '#shared/synthetic';
import { type PerturbationResult, perturbationResult, readPerturbation } from '../../analyses/index.ts';
import { defineStep, type Job } from '../../jobs/index.ts';

interface Inputs {
  perturbation: Job<PerturbationResult>;
  kind: VariantKind;
  amount: number | null;
  /** Of what is drawn. */
  seed: number;
  canvas: number;
}

export const deriveStep = defineStep<Inputs, PerturbationResult>({
  name: 'derive',
  source: import.meta.url,
  result: perturbationResult,
  async run(_context, { perturbation, kind, amount, seed, canvas }) {
    const v = variantOf(await readPerturbation(perturbation), kind, { size: canvas, amount, seed });
    return {
      result: { linf: linfNorm(v), l2: l2Norm(v) },
      files: { 'perturbation.npy': writeNpy(v, [3, canvas, canvas]) },
    };
  },
});
