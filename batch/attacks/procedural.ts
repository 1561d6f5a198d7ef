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
import {
  between,
  type GaborParameters,
  gabor,
  type PerlinParameters,
  perlin,
  type Random,
  random,
} from '../synthetic/index.ts';
import { attack } from './attack.ts';
import { startAt } from './descend.ts';
import { labelsOf, type Work } from './work.ts';

type Parameters =
  | ({ kind: 'perlin'; seed: number } & PerlinParameters)
  | ({ kind: 'gabor'; seed: number } & GaborParameters);

export const procedural = attack({
  name: 'procedural',
  source: import.meta.url,
  summary: 'Perlin or Gabor noise whose few parameters are searched for by asking for labels: no gradients.',
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
    photos: z.int().min(1).default(50).describe('crafting photos that a candidate is tried on'),
  }),
  begin(work, of) {
    const { crafting, norm, epsilon, photos, seed } = work.task;
    const draw = random(seed, 'candidates');
    const v = startAt(work);
    const best: { fooled: number; parameters: Parameters | null } = { fooled: -1, parameters: null };
    const state = { v, candidates: draw.state, best: best as unknown as { fooled: number } };
    const tried = crafting.slice(0, of.photos);
    return {
      state,
      async step() {
        if (best.parameters && work.allowed < tried.length * work.sides.length) return false;
        const parameters =
          best.parameters && draw.bits() >>> 31 ? varied(best.parameters, draw) : drawn(of.kind, photos.size, draw);
        const candidate = perturbationOf(parameters, photos.size, norm, epsilon);
        const fooled = await fooledBy(work, candidate, tried.length);
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
function varied(of: Parameters, draw: Random): Parameters {
  const by = (value: number) => value * between(0.8, 1.25, draw);
  if (of.kind === 'perlin') {
    const octaves = Math.max(1, of.octaves + draw.below(3) - 1);
    return { ...of, waveX: by(of.waveX), waveY: by(of.waveY), octaves, sine: by(of.sine) };
  }
  return {
    ...{ ...of, width: by(of.width), wave: by(of.wave), direction: of.direction + 0.3 * (draw.uniform() - 0.5) },
    ...{ isotropy: Math.min(1, by(of.isotropy)), density: by(of.density) },
  };
}

function perturbationOf(of: Parameters, size: number, norm: 'inf' | '2', epsilon: number): Float32Array {
  const plane = of.kind === 'perlin' ? perlin(size, of, of.seed) : gabor(size, of, of.seed);
  const values = norm === 'inf' ? plane.map((value) => (value < 0 ? -1 : 1)) : plane;
  const scale = norm === 'inf' ? epsilon : epsilon / (Math.sqrt(3) * l2Norm(values) || 1);
  return Float32Array.from({ length: 3 * plane.length }, (_, i) => scale * values[i % plane.length]);
}

/**
 * How many of the first crafting photos it fools, over all surrogates; rounded pixels, as they could be sent to
 * anyone's model.
 */
async function fooledBy(work: Work, v: Float32Array, count: number): Promise<number> {
  const { compute, crafting, photos, signal } = work.task;
  const items = crafting.slice(0, count).map((photo) => ({ photo, flip: false }));
  let fooled = 0;
  for (const side of work.sides) {
    const program = { key: side.surrogate.sha256, bytes: side.surrogate.bytes };
    const found = await compute.logits({ program, photos, items, v, signal });
    labelsOf(found.logits, found.classes).forEach((label, i) => {
      const won = work.won(side, 2 * i, label);
      work.recent.add(won ? 0 : 1, won);
      if (won) fooled++;
    });
    work.spend(items.length);
  }
  return fooled;
}
