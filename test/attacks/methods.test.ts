import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attacks, craft, networkOn, noiseControl } from '#shared/attacks';
import type { Compute } from '#shared/compute';
import { type Model, type Node, readModel, writeModel } from '#shared/graph';
import { l2Norm, linfNorm } from '#shared/images';
import { wilson } from '#shared/metrics';
import { sha256Hex } from '#shared/release';
import { random } from '#shared/synthetic';
import { openCompute } from '../../batch/compute/index.ts';
import { mergeByLogits } from '../../shared/attacks/ensemble.ts';
import { type Graphs, gradientProgram, here } from '../../shared/attacks/graphs.ts';
import { photosInOrder } from '../../shared/attacks/pictures.ts';
import { halving } from '../../shared/attacks/saturation.ts';
import { tinyModel, tinyPhotos } from '../support/tiny-model.ts';

const surrogate = tinyModel();
const { length, classes, weights } = surrogate;
const photos = tinyPhotos({ count: 24 });
const crafting = Array.from({ length: 20 }, (_, i) => i);

let compute: Compute;
beforeAll(async () => {
  compute = await openCompute({ provider: 'cpu', workers: 2 });
});
afterAll(() => compute.close());

const task = (more: Partial<Parameters<typeof craft>[0]> & { attack: string }) => ({
  ...{ compute, surrogates: [surrogate], photos, crafting, norm: 'inf' as const, epsilon: 25, seed: 1 },
  budget: { gradients: 1000 },
  ...more,
});

const logitsOf = (pixels: ArrayLike<number>) =>
  Array.from({ length: classes }, (_, k) =>
    Array.from(pixels).reduce((sum, pixel, i) => sum + (pixel - 127.5) * weights[i * classes + k], 0),
  );
const photo = (index: number) => photos.pixels.subarray(index * length, (index + 1) * length);
/** Far from black and white, so that nothing is clipped. */
function greyPhotos(count: number): Uint8Array {
  const draw = random(4, 'grey photos');
  return Uint8Array.from({ length: count * length }, () => 98 + draw.below(60));
}
const largest = (values: number[]) => values.indexOf(Math.max(...values));

const changed = (change: (model: Model) => Model) => {
  const bytes = writeModel(change(readModel(surrogate.bytes)));
  return { id: 'changed', bytes, sha256: sha256Hex(bytes) };
};

const node = (operator: string, inputs: string[], output: string, attributes: Node['attributes'] = {}): Node => ({
  ...{ operator, domain: '', name: output, inputs, outputs: [output], attributes },
});

describe('every attack', () => {
  const guided = [...attacks.values()].filter(({ usesModel }) => usesModel).map(({ name }) => name);

  test.each(guided)(
    '%s keeps its bound to the last bit under norm inf, and to a millionth under norm 2',
    async (attack) => {
      // An epsilon that float32 rounds up.
      const epsilon = 10.1;
      const inf = await craft(task({ attack, epsilon, budget: { gradients: 200 } }));
      expect(linfNorm(inf.v)).toBeLessThanOrEqual(epsilon);
      expect(linfNorm(inf.v)).toBeGreaterThan(0);
      const two = await craft(task({ attack, norm: '2', epsilon: 250, budget: { gradients: 200 } }));
      expect(l2Norm(two.v)).toBeLessThanOrEqual(250 * (1 + 1e-6));
      expect(two.gradients).toBeLessThanOrEqual(200);
    },
  );

  // The others look at layers: a linear classifier has none to speak of.
  test.each(['uap', 'sgd-uap', 'df-uap', 'cosine-uap', 'sga', 'house'])(
    '%s fools far more than noise',
    async (attack) => {
      const { fooling } = await craft(task({ attack }));
      expect(fooling?.ratio).toBeGreaterThanOrEqual(0.5);
      const noise = noiseControl(length, { norm: 'inf', epsilon: 25, seed: 1 });
      const fooledByNoise = crafting.filter((index) => {
        const noisy = Array.from(photo(index), (pixel, i) => Math.min(255, Math.max(0, pixel + noise[i])));
        return largest(logitsOf(noisy)) !== largest(logitsOf(photo(index)));
      });
      expect(fooledByNoise.length / crafting.length).toBeLessThan(0.5 * (fooling?.ratio as number));
    },
  );

  test.each(guided)('%s gives the same bytes for its seed whatever the number of threads', async (attack) => {
    const budget = { gradients: 150 };
    const here = await craft(task({ attack, budget }));
    const other = await openCompute({ provider: 'cpu', workers: 3 });
    const there = await craft(task({ attack, budget, compute: other }));
    await other.close();
    expect(Buffer.from(there.v.buffer).equals(Buffer.from(here.v.buffer))).toBe(true);
  });

  test.each(guided)('%s goes on from a checkpoint to the bytes of an uninterrupted craft', async (attack) => {
    // gd-uap and its like choose among iterates; procedural keeps its best so far: all of it must come back.
    const budget = { gradients: 300 };
    const whole = await craft(task({ attack, budget }));
    let saved: Uint8Array | null = null;
    const checkpoints = {
      load: async () => saved,
      save: async (bytes: Uint8Array) => {
        saved = bytes;
      },
    };
    const controller = new AbortController();
    const stopped = craft(
      task({
        ...{ attack, budget, checkpoints, signal: controller.signal },
        onProgress: ({ stage, gradients }) => stage === 'craft' && gradients > 60 && controller.abort(),
      }),
    );
    // A short craft may be over before it can be stopped.
    const early = await stopped.then(
      () => false,
      () => true,
    );
    if (attack !== 'sv-uap') expect(early).toBe(true);
    const resumed = await craft(task({ attack, budget, checkpoints }));
    if (early) expect(resumed.resumedFrom).toBeGreaterThan(0);
    expect(Buffer.from(resumed.v.buffer).equals(Buffer.from(whole.v.buffer))).toBe(true);
    expect(resumed.gradients).toBe(whole.gradients);
    expect(resumed.curve).toEqual(whole.curve);
    expect(resumed.growth).toEqual(whole.growth);
  });
});

describe('uap', () => {
  test('crosses the nearest boundary of a linear classifier in one step of the length that DeepFool says', async () => {
    // The same photo twice, one at a time, under a bound that nothing reaches.
    const pixels = greyPhotos(2);
    pixels.copyWithin(length, 0, length);
    const counts: number[] = [];
    const { v } = await craft(
      task({
        ...{ attack: 'uap', epsilon: 3500, norm: '2', photos: { pixels, size: 8 }, crafting: [0, 1] },
        settings: { batch: 1 },
        budget: { gradients: 400 },
        onProgress: ({ stage, gradients }) => stage === 'craft' && counts.push(gradients),
      }),
    );
    const scores = logitsOf(pixels.subarray(0, length));
    const own = largest(scores);
    const column = (k: number) => Array.from({ length }, (_, i) => weights[i * classes + k]);
    const distances = scores.flatMap((score, k) => {
      if (k === own) return [];
      const difference = column(k).map((w, i) => w - column(own)[i]);
      return [Math.abs(score - scores[own]) / l2Norm(difference)];
    });
    expect(l2Norm(v) / (1.02 * Math.min(...distances))).toBeCloseTo(1, 3);
    // One step of DeepFool for the first of the twins; v carries the second over as well.
    expect(new Set(counts)).toEqual(new Set([classes]));
  });

  test('has the length of its bound at any time where it is to be rescaled, as in the published code', async () => {
    const of = async (rescale: boolean) => {
      const settings = { rescale, batch: 1 };
      const { v } = await craft(task({ attack: 'uap', epsilon: 3000, norm: '2', settings, budget: { gradients: 40 } }));
      return l2Norm(v);
    };
    expect((await of(true)) / 3000).toBeCloseTo(1, 5);
    expect(await of(false)).toBeLessThan(1500);
  });

  test('ends when a whole pass finds every photo fooled', async () => {
    const { gradients, fooling } = await craft(
      task({
        ...{ attack: 'uap', norm: '2', epsilon: 3500, budget: { gradients: 100_000 } },
        ...{ photos: { pixels: greyPhotos(6), size: 8 }, crafting: [0, 1, 2, 3, 4, 5] },
      }),
    );
    expect(gradients).toBeLessThan(100_000);
    expect(fooling?.ratio).toBeGreaterThan(0.8);
  });
});

describe('sv-uap', () => {
  test('finds the singular vector of a linear layer', async () => {
    const { v } = await craft(
      task({ attack: 'sv-uap', norm: '2', epsilon: 100, settings: { q: 2, photos: 2 }, budget: { gradients: 400 } }),
    );
    const stretch = (u: ArrayLike<number>) =>
      l2Norm(
        Array.from({ length: classes }, (_, k) =>
          Array.from(u).reduce((sum, x, i) => sum + x * weights[i * classes + k], 0),
        ),
      ) / l2Norm(u);
    // The same by plain power iteration on W W^T.
    const draw = random(5, 'test');
    let u = Array.from({ length }, () => draw.normal());
    for (let i = 0; i < 300; i++) {
      const image = Array.from({ length: classes }, (_, k) =>
        u.reduce((sum, x, j) => sum + x * weights[j * classes + k], 0),
      );
      const size = l2Norm(image);
      u = u.map((_, j) => (1 / size) * image.reduce((sum, y, k) => sum + y * weights[j * classes + k], 0));
    }
    expect(stretch(v) / stretch(u)).toBeGreaterThan(0.999);
  });
});

describe('gd-uap', () => {
  test.each(['none', 'range', 'data'])(
    'with the prior %s makes logits larger, which are all the layers that there are',
    async (prior) => {
      const { v } = await craft(task({ attack: 'gd-uap', settings: { prior, step: 0.1 } }));
      const energy = (u: ArrayLike<number> | null) =>
        crafting.reduce(
          (sum, index) => sum + l2Norm(logitsOf(Array.from(photo(index), (pixel, i) => pixel + (u ? u[i] : 0)))),
          0,
        );
      expect(energy(v)).toBeGreaterThan(1.2 * energy(null));
    },
  );

  test('with no prior looks at no photo at all while it crafts', async () => {
    const settings = { prior: 'none' };
    const budget = { gradients: 1 };
    const one = await craft(task({ attack: 'gd-uap', settings, budget }));
    const other = await craft(task({ attack: 'gd-uap', settings, budget, photos: tinyPhotos({ count: 24, seed: 9 }) }));
    expect(other.v).toEqual(one.v);
  });
});

describe('sga', () => {
  test('draws the small batches of a step again and again from one large batch, where one is asked for', async () => {
    const large = 3;
    const order = photosInOrder({ crafting, photos, seed: 1 }, { flips: false, shift: 0, zoom: 0 });
    const shown = order.next(large).map((item) => item.photo);
    const pixels = photos.pixels.slice();
    for (const index of crafting)
      if (!shown.includes(index)) pixels.fill(255 - index, index * length, (index + 1) * length);
    // One step of eight small batches.
    const of = async (given: typeof photos, settings: Record<string, unknown>) =>
      (
        await craft(
          task({
            ...{ attack: 'sga', photos: given, budget: { gradients: 16 } },
            settings: { batch: 2, walk: 8, flips: false, shift: 0, ...settings },
          }),
        )
      ).v;
    const other = { ...photos, pixels };
    expect(await of(other, { large })).toEqual(await of(photos, { large }));
    expect(await of(other, {})).not.toEqual(await of(photos, {}));
    expect(await of(photos, { large })).not.toEqual(await of(photos, {}));
  });

  test('goes on from a checkpoint to the same bytes with a large batch as well', async () => {
    const settings = { large: 6, walk: 10, batch: 2 };
    const budget = { gradients: 200 };
    let saved: Uint8Array | null = null;
    const checkpoints = {
      load: async () => saved,
      save: async (bytes: Uint8Array) => {
        saved = bytes;
      },
    };
    const controller = new AbortController();
    const stopped = craft(
      task({
        ...{ attack: 'sga', settings, budget, checkpoints, signal: controller.signal },
        onProgress: ({ stage, gradients }) => stage === 'craft' && gradients > 60 && controller.abort(),
      }),
    );
    await expect(stopped).rejects.toThrow();
    const resumed = await craft(task({ attack: 'sga', settings, budget, checkpoints }));
    expect(resumed.resumedFrom).toBeGreaterThan(0);
    expect(resumed.v).toEqual((await craft(task({ attack: 'sga', settings, budget }))).v);
  });
});

describe('settings of published codes', () => {
  const of = async (attack: string, settings: Record<string, unknown>, gradients = 60) =>
    (await craft(task({ attack, settings: { batch: 5, ...settings }, budget: { gradients } }))).v;

  test.each([
    ['psp-uap', 'smooth', true, false],
    ['psp-uap', 'scaling', true, false],
    ['trm-uap', 'prior', 'noise', 'jigsaw'],
    ['trm-uap', 'negative', 0, 1],
  ])('%s: %s %o gives another perturbation, and %o is the default', async (attack, name, published, usual) => {
    const plain = await of(attack, {});
    expect(await of(attack, { [name]: usual })).toEqual(plain);
    expect(await of(attack, { [name]: published })).not.toEqual(plain);
  });

  test('halve v once it is saturated, and leave it alone before', async () => {
    const { afterStep } = halving({ ...task({ attack: 'trm-uap' }), norm: 'inf', epsilon: 10, seed: 1 });
    const v = Float32Array.of(10, -12, 10, 3);
    afterStep(v);
    expect([...v]).toEqual([10, -12, 10, 3]);
    afterStep(v);
    expect([...v]).toEqual([5, -5, 5, 1.5]);
    afterStep(v);
    expect([...v]).toEqual([5, -5, 5, 1.5]);
    const free = Float32Array.of(1, -2, 10, 3);
    const two = halving({ ...task({ attack: 'trm-uap' }), norm: 'inf', epsilon: 10, seed: 1 });
    for (let i = 0; i < 3; i++) two.afterStep(free);
    expect([...free]).toEqual([1, -2, 10, 3]);
  });
});

describe('house', () => {
  test('crafts on the photos it is told to pick alone: the surest of every class, then the second of every class', async () => {
    const sure = crafting.map((index) => {
      const scores = logitsOf(photo(index));
      const label = largest(scores);
      return { index, label, sureness: 1 / scores.reduce((sum, score) => sum + Math.exp(score - scores[label]), 0) };
    });
    sure.sort((a, b) => b.sureness - a.sureness);
    const rank = (one: (typeof sure)[number]) => sure.filter(({ label }) => label === one.label).indexOf(one);
    const picked = sure.toSorted((a, b) => rank(a) - rank(b)).slice(0, 6);
    expect(new Set(picked.map(({ label }) => label)).size).toBeGreaterThan(2);

    const settings = { centred: 0 };
    const alone = await craft(task({ attack: 'house', settings, crafting: picked.map(({ index }) => index) }));
    const among = await craft(task({ attack: 'house', settings: { ...settings, pick: 6 } }));
    expect(among.v).toEqual(alone.v);
  });

  test('lets batches grow from the first step to the last', async () => {
    const counts: number[] = [];
    await craft(
      task({
        attack: 'house',
        settings: { batch: 4, batchTo: 16 },
        onProgress: ({ stage, gradients }) => stage === 'craft' && counts.push(gradients),
      }),
    );
    const batches = counts.map((count, step) => count - (counts[step - 1] ?? 0));
    expect(batches[0]).toBe(4);
    // The last one is what the budget has left.
    expect(batches.at(-2)).toBe(16);
    expect(batches.slice(0, -1)).toEqual(batches.slice(0, -1).toSorted((a, b) => a - b));
  });

  test('takes gradients where the momentum would lead, unless told not to', async () => {
    const of = async (settings: Record<string, unknown>, gradients: number) =>
      (await craft(task({ attack: 'house', settings: { batch: 20, batchTo: 20, ...settings }, budget: { gradients } })))
        .v;
    // The first step has no momentum to follow.
    expect(await of({}, 20)).toEqual(await of({ lookahead: false }, 20));
    expect(await of({}, 100)).not.toEqual(await of({ lookahead: false }, 100));
  });

  test('centres logits unless none of them is ever negative', async () => {
    const raised = changed((model) => ({
      ...model,
      constants: new Map(model.constants).set('floor', { type: 'float32', shape: [1], data: new Float32Array([100]) }),
      nodes: [
        ...model.nodes.map((node) => ({
          ...node,
          outputs: node.outputs.map((name) => (name === 'logits' ? 'low' : name)),
        })),
        { operator: 'Add', domain: '', name: 'raise', inputs: ['low', 'floor'], outputs: ['logits'], attributes: {} },
      ],
    }));
    const of = async (model: typeof raised, settings: Record<string, unknown>) =>
      (await craft(task({ attack: 'house', surrogates: [model], settings, budget: { gradients: 100 } }))).v;
    expect(await of(raised, {})).toEqual(await of(raised, { centred: 0 }));
    expect(await of(surrogate, {})).toEqual(await of(surrogate, { centred: 1 }));
    expect(await of(surrogate, {})).not.toEqual(await of(surrogate, { centred: 0 }));
  });
});

describe('targets', () => {
  test.each(['sgd-uap', 'df-uap', 'cosine-uap', 'sga', 'house'])(
    '%s makes photos be taken for the target',
    async (attack) => {
      const { success } = await craft(task({ attack, settings: { target: 2 } }));
      const others = crafting.filter((index) => largest(logitsOf(photo(index))) !== 2);
      expect(success?.photos).toBe(others.length);
      expect(success?.ratio).toBeGreaterThan(0.6);
    },
  );

  test('that are no class of the model are refused, with the classes that there are', async () => {
    await expect(craft(task({ attack: 'sgd-uap', settings: { target: classes } }))).rejects.toThrow(
      /target 4 is no class of tiny, which has the classes 0 to 3/,
    );
  });
});

describe('ensembles', () => {
  const other = { ...tinyModel({ seed: 2 }), id: 'other' };

  test('of losses fool both models', async () => {
    const settings = { ensemble: 'loss' };
    const both = await craft(
      task({ attack: 'cosine-uap', surrogates: [surrogate, other], settings, budget: { gradients: 2000 } }),
    );
    expect(both.gradients).toBe(2000);
    // Each model's ratio, and their mean with an interval of photos, not of answers.
    const ratios = both.each.fooling.map(({ model, photos }) => [model, photos]);
    expect(ratios).toEqual([
      ['tiny', 20],
      ['other', 20],
    ]);
    const mean = (both.each.fooling[0].ratio + both.each.fooling[1].ratio) / 2;
    expect(both.fooling).toMatchObject({ photos: 20, ratio: mean, low: wilson(20 * mean, 20).low });
    expect(mean).toBeGreaterThan(0.5);
  });

  test('of logits are one model whose logits are the mean, and its gradients are taken', async () => {
    const items = crafting.map((index) => ({ photo: index, flip: false }));
    const views = await Promise.all(
      [surrogate, other].map(async (model) => {
        const { logits } = await compute.logits({ program: model, photos, items });
        return { surrogate: model, models: 1, classes, clean: logits, labels: new Int32Array(crafting.length) };
      }),
    );
    const merged = await mergeByLogits(views);
    const program = { key: merged.surrogate.sha256, bytes: merged.surrogate.bytes };
    const { logits } = await compute.logits({ program, photos, items });
    logits.forEach((value, i) => {
      expect(value).toBeCloseTo((views[0].clean[i] + views[1].clean[i]) / 2, 4);
      expect(merged.clean[i]).toBeCloseTo(value, 4);
    });
    const { gradients, fooling } = await craft(
      task({ attack: 'sgd-uap', surrogates: [surrogate, other], settings: { ensemble: 'logits' } }),
    );
    expect(gradients).toBe(1000);
    expect(fooling?.photos).toBe(20);
    expect(fooling?.ratio).toBeGreaterThan(0.25);
  });

  test('are counted alike: a photo on two models is two gradients, whether losses or logits are averaged', async () => {
    const of = async (ensemble: string) => {
      const counts: number[] = [];
      const { gradients } = await craft(
        task({
          ...{ attack: 'sgd-uap', surrogates: [surrogate, other], settings: { ensemble, batch: 5 } },
          budget: { gradients: 45 },
          onProgress: ({ stage, gradients }) => stage === 'craft' && counts.push(gradients),
        }),
      );
      return { gradients, counts };
    };
    // The last step has what is left: two photos on both models.
    expect(await of('loss')).toEqual({ gradients: 44, counts: [10, 20, 30, 40, 44] });
    expect(await of('logits')).toEqual(await of('loss'));
  });

  test('of mean logits are refused for models of different classes, and where an attack knows one model only', async () => {
    const five = { ...tinyModel({ seed: 3, classes: 5 }), id: 'five' };
    await expect(
      craft(task({ attack: 'house', surrogates: [surrogate, five], settings: { ensemble: 'logits' } })),
    ).rejects.toThrow(/tiny has 4 classes and five has 5/);
    await expect(craft(task({ attack: 'uap', surrogates: [surrogate, other] }))).rejects.toThrow(/crafts on one model/);
  });
});

describe('models that nothing can be crafted on', () => {
  const weighted = (factor: number) =>
    changed((model) => ({
      ...model,
      constants: new Map(model.constants).set('weights', {
        ...{ type: 'float32', shape: [length, classes] },
        data: weights.map((weight) => weight * factor),
      }),
    }));

  test('are those in which photos influence each other, and the node is named', async () => {
    const mixed = changed((model) => ({
      ...model,
      nodes: [
        ...model.nodes.map((one) => ({
          ...one,
          outputs: one.outputs.map((name) => (name === 'logits' ? 'own' : name)),
        })),
        node('ReduceMean', ['own'], 'mean', { axes: { kind: 'ints', value: [0] } }),
        node('Sub', ['own', 'mean'], 'logits'),
      ],
    }));
    for (const attack of ['sgd-uap', 'uap', 'procedural'])
      await expect(craft(task({ attack, surrogates: [mixed] }))).rejects.toThrow(
        /on the model changed: The images of a batch influence each other at the ReduceMean node "mean"/,
      );
  });

  test('are told apart: constant ones, and those that give no numbers', async () => {
    await expect(craft(task({ attack: 'sgd-uap', surrogates: [weighted(0)] }))).rejects.toThrow(
      /same logits: it is constant/,
    );
    await expect(craft(task({ attack: 'sgd-uap', surrogates: [weighted(Number.NaN)] }))).rejects.toThrow(
      /gives NaN for a photo/,
    );
  });
});

describe('a gradient that is zero everywhere', () => {
  // Every photo's loss is above a clamp so low, so that none has a gradient.
  const flat = { attack: 'sgd-uap', settings: { clamp: 1e-12 } };

  test.each([{ gradients: 100 }, { seconds: 20 }])(
    'ends the first step of a craft with the budget %o',
    async (budget) => {
      await expect(craft(task({ ...flat, budget }))).rejects.toThrow(
        /gradient is zero everywhere: tiny does not react/,
      );
    },
  );
});

describe('work on graphs', () => {
  const apart = (name: keyof Graphs): Graphs => ({
    ...here,
    [name]: () => Promise.reject(new Error('done elsewhere')),
  });

  test.each<[keyof Graphs, string, Record<string, unknown>]>([
    ['batch', 'cosine-uap', {}],
    ['gradient', 'cosine-uap', {}],
    ['gradient', 'uap', {}],
    ['layer', 'sv-uap', {}],
    ['mean', 'sgd-uap', { ensemble: 'logits' }],
  ])('of the kind %s is done where the craft says, for %s', async (name, attack, settings) => {
    const other = changed((model) => ({ ...model, metadata: { apart: `${name} ${attack}` } }));
    const surrogates = name === 'mean' ? [surrogate, other] : [other];
    const budget = { gradients: 40 };
    await expect(craft(task({ attack, settings, surrogates, budget, graphs: apart(name) }))).rejects.toThrow(
      'done elsewhere',
    );
  });

  test('of the kinds gradient and batch is done where DeepFool is told, too', async () => {
    for (const name of ['batch', 'gradient'] as const) {
      const other = { ...changed((model) => ({ ...model, metadata: { apart: `${name} DeepFool` } })), classes };
      await expect(networkOn(compute, other, photos, { graphs: apart(name) })).rejects.toThrow('done elsewhere');
    }
  });
});

describe('several class gradients of one photo', () => {
  test('are the same as one by one', async () => {
    const program = await gradientProgram(surrogate, { kind: 'weighted logits', parameters: {} });
    const v = new Float32Array(length).fill(3);
    const item = { photo: 5, flip: true };
    const rows = (labels: number[]) => {
      const cotangents = new Float32Array(labels.length * classes);
      for (const [row, label] of labels.entries()) cotangents[row * classes + label] = 1;
      return cotangents;
    };
    const all = await compute.classGradients({
      ...{ program, photos, classes },
      points: [{ item, v, cotangents: rows([0, 1, 2, 3]) }],
    });
    for (const label of [0, 1, 2, 3]) {
      const [{ gradients }] = await compute.classGradients({
        ...{ program, photos, classes },
        points: [{ item, v, cotangents: rows([label]) }],
      });
      expect(all[0].gradients.subarray(label * length, (label + 1) * length)).toEqual(gradients);
      gradients.forEach((value, i) => {
        expect(value).toBeCloseTo(weights[i * classes + label], 6);
      });
    }
  });
});
