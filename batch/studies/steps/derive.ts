/** A perturbation made from another one, without crafting: for findings that ask what of it matters. */
import { writeNpy } from '#shared/formats';
import { l2Norm, linfNorm } from '#shared/images';
import {
  type Derivation,
  type PerturbationResult,
  perturbationResult,
  readPerturbation,
} from '../../analyses/index.ts';
import { defineStep, type Job } from '../../jobs/index.ts';
import { phaseTwin } from '../../synthetic/index.ts';

interface Inputs {
  perturbation: Job<PerturbationResult>;
  kind: Derivation;
  /** Of what is drawn. */
  seed: number;
  canvas: number;
}

const derivations: Readonly<
  Record<Derivation, (v: Float32Array, of: { canvas: number; seed: number }) => Float32Array<ArrayBuffer>>
> = {
  'phase-twin': (v, { canvas, seed }) => phaseTwin(v, canvas, seed),
};

export const deriveStep = defineStep<Inputs, PerturbationResult>({
  name: 'derive',
  source: import.meta.url,
  result: perturbationResult,
  async run(_context, { perturbation, kind, seed, canvas }) {
    const v = derivations[kind](await readPerturbation(perturbation), { canvas, seed });
    return {
      result: { linf: linfNorm(v), l2: l2Norm(v) },
      files: { 'perturbation.npy': writeNpy(v, [3, canvas, canvas]) },
    };
  },
});
