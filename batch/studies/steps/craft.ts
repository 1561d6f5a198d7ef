/** One perturbation. What an attack does is the attack's own code, which the plan adds to this step's. */

import { type Attack, type Crafted, craftWith, growthSide } from '#shared/attacks';
import type { Pixels } from '#shared/compute';
import { writeNpy } from '#shared/formats';
import { l2Norm, linfNorm, round8 } from '#shared/images';
import type { Budget, Norm } from '#shared/release';
import { random, syntheticPictures } from '#shared/synthetic';
import {
  type CraftedResult,
  craftedResult,
  type LookedResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readLooked,
  readPrepared,
} from '../../analyses/index.ts';
import { computeOf, defineStep, type Job, type Outputs } from '../../jobs/index.ts';
import { graphsApart } from '../../zoo/index.ts';

interface Inputs {
  attack: string;
  /** With defaults filled in. */
  settings: Record<string, unknown>;
  norm: Norm;
  epsilon: number;
  seed: number;
  canvas: number;
  /** null for an attack that no model has a part in: it depends on no photo, provider or budget either. */
  on: {
    surrogates: Job<PreparedResult>[];
    /** What each of them says of the photos; left out where it is crafted on drawn pictures. */
    looked?: Job<LookedResult>[];
    crafting: Job<PhotosResult>;
    budget: Budget;
    /** How many of the photos, 0 for drawn pictures; null for all. */
    photos: number | null;
    provider: string;
  } | null;
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
  async run({ machine, signal, report, checkpoints }, inputs, { attack, surrogates }) {
    const { on, settings, norm, epsilon, seed, canvas } = inputs;
    const compute = await computeOf(machine);
    const models = await Promise.all(
      (on?.surrogates ?? []).map(async (output, i) => ({
        ...{ id: surrogates[i], sha256: output.result.sha256, tampered: output.result.tampered },
        bytes: await readPrepared(output),
      })),
    );
    const photos = await photosOf(inputs);
    const indices = chosen(on?.crafting.result.names.length ?? 0, on?.photos || null, seed);
    const crafted = await craftWith(attack, settings, {
      ...{ compute, surrogates: models, photos, norm, epsilon, seed, signal, checkpoints },
      graphs: graphsApart(signal),
      crafting: indices,
      clean: await cleanOf(inputs, indices),
      budget: on?.budget ?? { gradients: 1 },
      onProgress: ({ stage, done, total, gradientsPerSecond, fooling }) =>
        stage === 'craft'
          ? report({ done, total, unit: unitOf(on?.budget), perSecond: gradientsPerSecond, fooling })
          : report({ done, total, unit: 'photos', aside: true }),
    });
    // Gradient graphs are large, and the next perturbation has another.
    await compute.release();
    const { gradients, seconds, curve, growth, fooling, each } = crafted;
    // Out of the memory that the threads share.
    const v = new Float32Array(crafted.v);
    return {
      result: {
        ...{
          settings,
          photos: on?.photos === 0 ? 0 : new Set(indices).size,
          gradients,
          seconds,
          curve,
          fooling,
          each: each.fooling,
          growth: growth.map((point) => point.gradients),
        },
        ...{ linf: linfNorm(v), l2: l2Norm(v) },
      },
      files: {
        'perturbation.npy': writeNpy(v, [3, canvas, canvas]),
        ...(growth.length > 0 && { 'growth.npy': amplified(growth, growthSide(canvas), linfNorm(v)) }),
      },
    };
  },
});

/** uint8 [points,side,side,3]: every point amplified as the preview of the finished one is, 128 + 127 v / linf. */
function amplified(growth: Crafted['growth'], side: number, linf: number): Uint8Array {
  const plane = side * side;
  const pixels = new Uint8Array(growth.length * 3 * plane);
  growth.forEach(({ middle }, point) => {
    for (let i = 0; i < middle.length; i++) {
      const place = 3 * (point * plane + (i % plane)) + Math.floor(i / plane);
      pixels[place] = round8(128 + (127 * middle[i]) / (linf || 1));
    }
  });
  return writeNpy(pixels, [growth.length, side, side, 3]);
}

async function photosOf({ on, canvas, seed }: Outputs<Inputs>): Promise<Pixels> {
  if (!on) return { pixels: new Uint8Array(0), size: canvas };
  if (on.photos !== 0) return await readCanvases(on.crafting);
  const count = on.crafting.result.names.length;
  return { pixels: syntheticPictures({ kinds: ['patterns'], count, size: canvas, seed }), size: canvas };
}

/** What the surrogates say of the photos that are crafted on, where that is known. */
async function cleanOf({ on }: Outputs<Inputs>, indices: readonly number[]): Promise<Map<string, Float32Array>> {
  const known = new Map<string, Float32Array>();
  for (const [i, output] of (on?.looked ?? []).entries()) {
    const { classes } = output.result;
    const all = await readLooked(output);
    const rows = new Float32Array(2 * indices.length * classes);
    indices.forEach((photo, position) => {
      rows.set(all.subarray(2 * photo * classes, 2 * (photo + 1) * classes), 2 * position * classes);
    });
    known.set(on?.surrogates[i].result.sha256 as string, rows);
  }
  return known;
}

/**
 * Which of all photos; those of a smaller number are among those of a larger one. One alone stands there twice: attacks
 * want two.
 */
function chosen(all: number, photos: number | null, seed: number): number[] {
  if (photos === null) return Array.from({ length: all }, (_, i) => i);
  const some = random(seed, 'fewer photos').order(all).slice(0, photos);
  return some.length === 1 ? [some[0], some[0]] : some;
}

const unitOf = (budget: Budget | undefined) => (budget?.seconds === undefined ? 'gradients' : 'seconds');
