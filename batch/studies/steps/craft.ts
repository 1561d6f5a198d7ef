/** One perturbation. What an attack does is the attack's own code, which the plan adds to this step's. */
import { writeNpy } from '#shared/formats';
import { l2Norm, linfNorm } from '#shared/images';
import type { Budget, Norm } from '#shared/release';
import {
  type CraftedResult,
  craftedResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readPrepared,
} from '../../analyses/index.ts';
import { type Attack, craftWith } from '../../attacks/index.ts';
import { computeOf, defineStep, type Job } from '../../jobs/index.ts';

interface Inputs {
  attack: string;
  /** With defaults filled in. */
  settings: Record<string, unknown>;
  norm: Norm;
  epsilon: number;
  seed: number;
  canvas: number;
  /** null for an attack that no model has a part in: it depends on no photo, provider or budget either. */
  on: { surrogates: Job<PreparedResult>[]; crafting: Job<PhotosResult>; budget: Budget; provider: string } | null;
}

interface Place {
  attack: Attack;
  /** Ids of the models, as they are called in messages. */
  surrogates: readonly string[];
}

export const craftStep = defineStep<Inputs, CraftedResult, Place>({
  name: 'craft',
  source: import.meta.url,
  result: craftedResult,
  // How long it took is no part of what it is.
  identity: ({ seconds: _seconds, ...result }) => result,
  async run({ machine, signal, report }, inputs, { attack, surrogates }) {
    const { on, settings, norm, epsilon, seed, canvas } = inputs;
    const compute = await computeOf(machine);
    const models = await Promise.all(
      (on?.surrogates ?? []).map(async (output, i) => ({
        ...{ id: surrogates[i], sha256: output.result.sha256 },
        bytes: await readPrepared(output),
      })),
    );
    const photos = on ? await readCanvases(on.crafting) : { pixels: new Uint8Array(0), size: canvas };
    const crafted = await craftWith(attack, settings, {
      ...{ compute, surrogates: models, photos, norm, epsilon, seed, signal },
      crafting: (on?.crafting.result.names ?? []).map((_, index) => index),
      budget: on?.budget ?? { gradients: 1 },
      onProgress: ({ stage, done, total, gradientsPerSecond, fooling }) =>
        stage === 'craft'
          ? report({ done, total, unit: unitOf(on?.budget), perSecond: gradientsPerSecond, fooling })
          : report({ done, total, unit: 'photos', aside: true }),
    });
    // Gradient graphs are large, and the next perturbation has another.
    await compute.release();
    const { gradients, seconds, curve, fooling, each } = crafted;
    // Out of the memory that the threads share.
    const v = new Float32Array(crafted.v);
    return {
      result: {
        ...{ settings, gradients, seconds, curve, fooling, each: each.fooling },
        ...{ linf: linfNorm(v), l2: l2Norm(v) },
      },
      files: { 'perturbation.npy': writeNpy(v, [3, canvas, canvas]) },
    };
  },
});

const unitOf = (budget: Budget | undefined) => (budget?.seconds === undefined ? 'gradients' : 'seconds');
