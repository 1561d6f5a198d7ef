/**
 * The normals of a model's decision boundary next to crafting photos: the directions of DeepFool's steps, each of
 * length 1, and the directions that they have most in common.
 */

import { deepFool, networkOn } from '#shared/attacks';
import { writeNpy } from '#shared/formats';
import { l2Norm } from '#shared/images';
import { random } from '#shared/synthetic';
import {
  type NormalsResult,
  normalsResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readPrepared,
  singular,
  singularValues,
  someOf,
} from '../../analyses/index.ts';
import { computeOf, defineStep, type Job } from '../../jobs/index.ts';
import { graphsApart } from '../../zoo/index.ts';

/** As the article on DeepFool has it, with room for photos that are far from any boundary. */
const settings = { classes: 10, overshoot: 0.02, steps: 20 };
/** Photos whose gradients lie in memory at once. */
const together = 8;

interface Inputs {
  prepared: Job<PreparedResult>;
  crafting: Job<PhotosResult>;
  /** How many of the photos; null: all. */
  photos: number | null;
  /** Of the random directions beside them. */
  seed: number;
  provider: string;
}

export const normalsStep = defineStep<Inputs, NormalsResult, { id: string }>({
  name: 'normals',
  source: import.meta.url,
  result: normalsResult,
  async run({ machine, signal, report }, { prepared, crafting, photos, seed }, { id }) {
    const compute = await computeOf(machine);
    const model = { id, bytes: await readPrepared(prepared), sha256: prepared.result.sha256 };
    const canvases = await readCanvases(crafting);
    const items = someOf(crafting.result.names.length, photos).map((photo) => ({ photo, flip: false }));
    const program = { key: model.sha256, bytes: model.bytes };
    const { logits, classes } = await compute.logits({
      ...{ program, photos: canvases, items, rule: 'clipped', signal },
    });
    const graphs = graphsApart(signal);
    const network = await networkOn(compute, { ...model, classes }, canvases, { signal, graphs });
    const v = new Float32Array(3 * canvases.size ** 2);
    const lengths: number[] = [];
    const normals: Float32Array[] = [];
    for (let start = 0; start < items.length; start += together) {
      const points = items
        .slice(start, start + together)
        .map((item, i) => ({ item, logits: logits.subarray((start + i) * classes, (start + i + 1) * classes) }));
      for (const { r, crossed } of await deepFool(network, points, v, settings)) {
        const length = l2Norm(r);
        if (!crossed || length === 0) continue;
        lengths.push(length);
        normals.push(r.map((value) => value / length));
      }
      report({ done: start + points.length, total: items.length, unit: 'photos' });
    }
    await network.close();
    const { values, vectors } = singular(normals);
    const all = new Float32Array(vectors.length * v.length);
    vectors.forEach((vector, k) => {
      all.set(vector, k * v.length);
    });
    return {
      result: { photos: items.length, lengths, values, random: singularValues(directions(normals.length, v, seed)) },
      files: { 'vectors.npy': writeNpy(all, [vectors.length, v.length]) },
    };
  },
});

/** Random ones, as many, of length 1. */
function directions(count: number, { length }: Float32Array, seed: number): Float32Array[] {
  const draw = random(seed, 'random normals');
  return Array.from({ length: count }, () => {
    const direction = new Float32Array(length).map(() => draw.normal());
    const scale = 1 / l2Norm(direction);
    return direction.map((value) => scale * value);
  });
}
