/** Crafting on a network whose last class is "tampered with": who has won, and what the loss knows of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { craft } from '#shared/attacks';
import type { Compute } from '#shared/compute';
import { applyPerturbation } from '#shared/images';
import { argmax } from '#shared/metrics';
import { openCompute } from '../../batch/compute/index.ts';
import { tinyModel, tinyPhotos } from '../support/tiny-model.ts';

const model = tinyModel({ classes: 5 });
/** The class that stands for "tampered with". */
const tampered = 4;
const photos = tinyPhotos({ count: 40 });
const crafting = Array.from({ length: 40 }, (_, i) => i);

let compute: Compute;
beforeAll(async () => {
  compute = await openCompute({ provider: 'cpu', workers: 2 });
});
afterAll(() => compute.close());

const crafted = (settings: Record<string, unknown>, attack = 'house') =>
  craft({
    ...{ compute, photos, crafting, surrogates: [{ ...model, tampered }], attack, settings },
    ...{ norm: 'inf', epsilon: 40, seed: 1, budget: { gradients: 1200 } },
  });

/** Logits of a photo with v, by hand. */
function logitsOf(photo: number, v: Float32Array): number[] {
  const { length, classes, weights } = model;
  const pixels = applyPerturbation(photos.pixels.subarray(photo * length, (photo + 1) * length), v);
  return Array.from({ length: classes }, (_, k) =>
    pixels.reduce((sum, pixel, i) => sum + (pixel - 127.5) * weights[i * classes + k], 0),
  );
}
const none = new Float32Array(model.length);
/** How far the class is in front, mean over the photos. */
const inFront = (v: Float32Array) =>
  crafting.reduce((sum, photo) => {
    const logits = logitsOf(photo, v);
    return sum + (logits[tampered] - Math.max(...logits.slice(0, tampered))) / crafting.length;
  }, 0);

test.each(['house', 'cosine-uap', 'sgd-uap'])(
  '%s counts as fooled what gets another label and not that one',
  async (attack) => {
    const { v, fooling } = await crafted({}, attack);
    const won = crafting.filter((photo) => {
      const label = argmax(logitsOf(photo, v));
      return label !== tampered && label !== argmax(logitsOf(photo, none), 0, tampered);
    });
    expect(fooling).toMatchObject({ photos: 40, fooled: won.length });
  },
);

test('knows of the class by as much as it is told, towards a target too', async () => {
  for (const target of [undefined, 2]) {
    const made = await Promise.all([0, 0.1, 3].map((evade) => crafted({ evade, ...(target && { target }) })));
    const [careless, usual, careful] = made.map(({ v }) => inFront(v));
    expect(usual).toBeLessThan(careless);
    expect(careful).toBeLessThan(usual);
    if (target) expect(made[1].success!.ratio).toBeGreaterThan(0.5);
    // What it is where nothing is said.
    expect((await crafted({ ...(target && { target }) })).v).toEqual(made[1].v);
  }
});
