/**
 * Procedural noise: K. T. Co, L. Munoz-Gonzalez, S. de Maupeou, E. C. Lupu, "Procedural noise adversarial examples for
 * black-box attacks on deep convolutional networks", CCS 2019, arXiv 1810.00470.
 *
 * v = epsilon sign(pattern), one pattern for all three planes: Perlin noise (wavelengths, octaves, sine) or Gabor noise
 * (width, wave, direction, density). The parameters are searched for by asking the model for labels alone, on some of
 * the crafting photos: no gradient is taken. The paper searches by Bayesian optimisation; here half of the candidates
 * are drawn at random and half are small changes of the best so far. One look at one photo counts as one gradient of
 * the budget, though it costs about a third.
 */
import { z } from 'zod';
import { l2Norm } from '#shared/images';
import type { Norm } from '#shared/release';
import {
  between,
  type GaborParameters,
  gabor,
  type PerlinParameters,
  perlin,
  type Random,
  random,
} from '#shared/synthetic';
import { attack } from './attack.ts';
import type { Allowance } from './budget.ts';
import { startAt } from './descend.ts';
import type { Surrogates } from './surrogates.ts';

type Parameters =
  | ({ kind: 'perlin'; seed: number } & PerlinParameters)
  | ({ kind: 'gabor'; seed: number } & GaborParameters);

export const procedural = attack({
  name: 'procedural',
  source: import.meta.url,
  summary:
    'Perlin or Gabor noise; its few parameters are found by asking the model for labels alone, without gradients.',
  paper: {
    authors: 'K. T. Co, L. Muñoz-González, S. de Maupeou, E. C. Lupu',
    title: 'Procedural noise adversarial examples for black-box attacks on deep convolutional networks',
    year: 2019,
    venue: 'CCS',
    arxiv: '1810.00470',
  },
  usesModel: true,
  ensembles: true,
  keeps: 'last',
  settings: z.strictObject({
    kind: z.enum(['perlin', 'gabor']).default('perlin').describe('which noise'),
    photos: z.int().min(1).default(50).describe('crafting photos that each candidate is tried on'),
  }),
  begin(surrogates, budget, settings) {
    const { crafting, norm, epsilon, photos, seed } = surrogates.task;
    const draw = random(seed, 'candidates');
    const v = startAt(surrogates.length);
    const best: { fooled: number; parameters: Parameters | null } = { fooled: -1, parameters: null };
    const tried = crafting.slice(0, settings.photos);
    return {
      state: { v, candidates: draw.state, best },
      async step() {
        if (best.parameters && budget.left < tried.length * surrogates.models) return false;
        const parameters =
          best.parameters && draw.bits() >>> 31
            ? varied(best.parameters, draw)
            : drawn(settings.kind, photos.size, draw);
        const candidate = perturbationOf(parameters, photos.size, norm, epsilon);
        const fooled = await fooledBy(surrogates, budget, candidate, tried);
        if (fooled > best.fooled) {
          Object.assign(best, { fooled, parameters });
          v.set(candidate);
        }
        return true;
      },
    };
  },
});

function drawn(kind: Parameters['kind'], size: number, draw: Random): Parameters {
  const seed = draw.bits();
  if (kind === 'perlin') {
    const wave = () => between(size / 56, size, draw);
    return { kind, seed, waveX: wave(), waveY: wave(), octaves: 1 + draw.below(4), sine: between(0.5, 16, draw) };
  }
  const width = between(size / 112, size / 11, draw);
  return {
    ...{ kind, seed, width, wave: between(2, size / 7, draw), direction: Math.PI * draw.uniform() },
    ...{ isotropy: draw.uniform(), density: between(0.5, 8, draw) },
  };
}

/** Every length and count up to a quarter larger or smaller, the same draw of the noise itself. */
function varied(parameters: Parameters, draw: Random): Parameters {
  const by = (value: number) => value * between(0.8, 1.25, draw);
  if (parameters.kind === 'perlin') {
    const octaves = Math.max(1, parameters.octaves + draw.below(3) - 1);
    return {
      ...parameters,
      waveX: by(parameters.waveX),
      waveY: by(parameters.waveY),
      octaves,
      sine: by(parameters.sine),
    };
  }
  return {
    ...{
      ...parameters,
      width: by(parameters.width),
      wave: by(parameters.wave),
      direction: parameters.direction + 0.3 * (draw.uniform() - 0.5),
    },
    ...{ isotropy: Math.min(1, by(parameters.isotropy)), density: by(parameters.density) },
  };
}

function perturbationOf(parameters: Parameters, size: number, norm: Norm, epsilon: number): Float32Array {
  const plane =
    parameters.kind === 'perlin' ? perlin(size, parameters, parameters.seed) : gabor(size, parameters, parameters.seed);
  const values = norm === 'inf' ? plane.map((value) => (value < 0 ? -1 : 1)) : plane;
  const scale = norm === 'inf' ? epsilon : epsilon / (Math.sqrt(3) * l2Norm(values) || 1);
  return Float32Array.from({ length: 3 * plane.length }, (_, i) => scale * values[i % plane.length]);
}

/**
 * How many photos it fools, over all surrogates; rounded pixels, as they could be sent to anyone's model.
 * @param tried The first of the crafting photos.
 */
async function fooledBy(
  surrogates: Surrogates,
  budget: Allowance,
  v: Float32Array,
  tried: readonly number[],
): Promise<number> {
  const items = tried.map((photo) => ({ photo, flip: false }));
  let count = 0;
  for (const view of surrogates.views) {
    const { labels } = await surrogates.predict(view, items, v);
    labels.forEach((label, i) => {
      const fooled = surrogates.isFooled(view, 2 * i, label);
      surrogates.running.add(fooled ? 0 : 1, fooled);
      if (fooled) count++;
    });
    budget.spend(items.length * view.models);
  }
  return count;
}
