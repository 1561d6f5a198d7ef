import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Compute, ComputeError, type Item } from '#shared/compute';
import { differentiate, readModel, type Tensor, withCotangent, withCrossEntropy, writeModel } from '#shared/graph';
import { openCompute } from '../../batch/compute/index.ts';
import { Pool } from '../../batch/compute/pool.ts';
import { tinyModel, tinyPhotos } from '../support/tiny-model.ts';

const model = tinyModel();
const photos = tinyPhotos();
const bytes = writeModel(differentiate(withCrossEntropy(readModel(model.bytes)), { of: 'loss', wrt: 'canvas' }));
const gradientProgram = { key: 'tiny gradient', bytes };
const labels = { data: Int32Array.from({ length: 12 }, (_, i) => i % 4), width: 1 };
const items: Item[] = Array.from({ length: 11 }, (_, i) => ({
  photo: (5 * i) % 12,
  flip: i % 3 === 0,
  row: (5 * i) % 12,
}));
const v = Float32Array.from({ length: model.length }, (_, i) => 12.3 * Math.sin(i));

const oneJob = {
  program: model,
  photos,
  items: [items[0]],
  perturbation: null,
  rule: 'rounded' as const,
  tables: {},
  constants: {},
  gradient: false,
};

/** The canvas as the definition says: mirror the photo, add v, clip. */
function canvasOf({ photo, flip }: Item): number[] {
  const { size } = photos;
  return Array.from({ length: model.length }, (_, i) => {
    const x = i % size;
    const from = flip ? i - x + (size - 1 - x) : i;
    return Math.min(255, Math.max(0, photos.pixels[photo * model.length + from] + v[i]));
  });
}

const logitsOf = (canvas: number[]) =>
  Array.from({ length: model.classes }, (_, k) =>
    canvas.reduce((sum, pixel, i) => sum + (pixel - 127.5) * model.weights[i * model.classes + k], 0),
  );

let compute: Compute;
beforeAll(async () => {
  compute = await openCompute({ provider: 'cpu', workers: 2 });
});
afterAll(() => compute.close());

describe('compute', () => {
  test('gives the logits of the rounded, perturbed photo', async () => {
    const { logits, classes } = await compute.logits({ program: model, photos, items, v });
    expect(classes).toBe(4);
    items.forEach((item, i) => {
      const expected = logitsOf(canvasOf(item).map(Math.round));
      expected.forEach((value, k) => {
        expect(logits[i * classes + k]).toBeCloseTo(value, 3);
      });
    });
  });

  test('sums the gradients of the unrounded, clipped photos, mirrored before v is added', async () => {
    const found = await compute.gradient({ program: gradientProgram, photos, items, v, tables: { labels } });
    const expected = new Float64Array(model.length);
    items.forEach((item, n) => {
      const logits = logitsOf(canvasOf(item));
      const total = logits.reduce((sum, value) => sum + Math.exp(value - Math.max(...logits)), 0);
      const probabilities = logits.map((value) => Math.exp(value - Math.max(...logits)) / total);
      const label = labels.data[item.row as number];
      expect(found.losses[n]).toBeCloseTo(-Math.log(probabilities[label]), 4);
      for (let i = 0; i < model.length; i++) {
        for (let k = 0; k < 4; k++) {
          expected[i] += model.weights[i * 4 + k] * (probabilities[k] - Number(k === label));
        }
      }
    });
    found.gradient.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
    });
  });

  test('weighs the gradients of items that have a weight', async () => {
    const one = (weight?: number) => [{ ...items[0], weight }];
    const found = (list: Item[]) =>
      compute.gradient({ program: gradientProgram, photos, items: list, v, tables: { labels } });
    const [plain, heavy] = [await found(one()), await found(one(3))];
    heavy.gradient.forEach((value, i) => {
      expect(value).toBeCloseTo(3 * plain.gradient[i], 5);
    });
    expect(heavy.losses).toEqual(plain.losses);
  });

  test('takes several class gradients of a model whose batch shares an axis, by repeating the photo', async () => {
    // The three colours of every image go through one matrix each, as rows of their own: [N * 3, 64].
    const node = (operator: string, inputs: string[], output: string) => ({
      ...{ operator, domain: '', name: output, inputs, outputs: [output], attributes: {} },
    });
    const shape = (...sizes: number[]) => ({
      ...{ type: 'int64' as const, shape: [sizes.length], data: BigInt64Array.from(sizes, BigInt) },
    });
    const matrix = Float32Array.from({ length: 64 * 2 }, (_, i) => Math.cos(i) / 2000);
    const mixed = readModel(model.bytes);
    const prepared = {
      ...mixed,
      outputs: [{ name: 'logits', type: 'float32' as const, shape: ['N', 6] }],
      constants: new Map<string, Tensor>([
        ['rows', shape(-1, 64)],
        ['images', shape(-1, 6)],
        ['matrix', { type: 'float32' as const, shape: [64, 2], data: matrix }],
      ]),
      nodes: [
        node('Reshape', ['canvas', 'rows'], 'a'),
        node('MatMul', ['a', 'matrix'], 'b'),
        node('Tanh', ['b'], 'c'),
        node('Reshape', ['c', 'images'], 'logits'),
      ],
    };
    const program = {
      key: 'mixed',
      bytes: writeModel(differentiate(withCotangent(prepared), { of: 'loss', wrt: 'canvas' })),
    };
    const cotangents = new Float32Array(36);
    for (let k = 0; k < 6; k++) cotangents[7 * k] = 1;
    const [{ gradients, logits }] = await compute.classGradients({
      ...{ program, photos, classes: 6, repeat: true },
      points: [{ item: { photo: 3, flip: false }, v: new Float32Array(192), cotangents }],
    });
    expect(logits).toHaveLength(6);
    for (let k = 0; k < 6; k++) {
      // Logit k is of colour k / 2, by column k % 2, through a tanh.
      const colour = Math.floor(k / 2);
      const pixels = photos.pixels.subarray(192 * 3 + 64 * colour, 192 * 3 + 64 * (colour + 1));
      const logit = Math.tanh(pixels.reduce((sum, pixel, i) => sum + pixel * matrix[2 * i + (k % 2)], 0));
      expect(logits[k]).toBeCloseTo(logit, 5);
      const expected = Array.from({ length: 192 }, (_, i) =>
        Math.floor(i / 64) === colour ? (1 - logit ** 2) * matrix[2 * (i % 64) + (k % 2)] : 0,
      );
      expect([...gradients.subarray(192 * k, 192 * (k + 1))]).toEqual(
        expected.map((value) => expect.closeTo(value, 7)),
      );
    }
  });

  test('leaves pixels unrounded and unclipped where differences are taken', async () => {
    const free = await compute.logits({ program: model, photos, items: items.slice(0, 1), v, rule: 'free' });
    const { photo, flip } = items[0];
    const pixels = Array.from({ length: model.length }, (_, i) => {
      const x = i % 8;
      return photos.pixels[photo * model.length + (flip ? i - x + 7 - x : i)] + v[i];
    });
    logitsOf(pixels).forEach((value, k) => {
      expect(free.logits[k]).toBeCloseTo(value, 3);
    });
  });

  test('adds a perturbation of its own to every item when it is given several', async () => {
    const others = items.map((_, i) => v.map((value) => value * (i + 1)));
    const { logits } = await compute.logits({ program: model, photos, items, v: others });
    for (const [i, item] of items.entries()) {
      const alone = await compute.logits({ program: model, photos, items: [item], v: others[i] });
      expect(logits.subarray(4 * i, 4 * i + 4)).toEqual(alone.logits);
    }
  });

  test('gives the same bits with one thread and with three', async () => {
    const task = { program: gradientProgram, photos, items, v, tables: { labels } };
    const here = await compute.gradient(task);
    for (const workers of [1, 3]) {
      const other = await openCompute({ provider: 'cpu', workers });
      const there = await other.gradient(task);
      await other.close();
      expect(Buffer.from(there.gradient.buffer).equals(Buffer.from(here.gradient.buffer))).toBe(true);
    }
  });

  test('leaves at once when aborted, and works on', async () => {
    const controller = new AbortController();
    const many = Array.from({ length: 20_000 }, (_, i) => ({ photo: i % 12, flip: false }));
    const reason = new Error('enough');
    const running = compute.logits({
      program: model,
      photos,
      items: many,
      signal: controller.signal,
      onProgress: (done) => done === 10 && controller.abort(reason),
    });
    const started = performance.now();
    await expect(running).rejects.toBe(reason);
    expect(performance.now() - started).toBeLessThan(5000);
    const { logits } = await compute.logits({ program: model, photos, items: items.slice(0, 2) });
    expect(logits).toHaveLength(8);
  });

  test('says that a model cannot be run, and works on', async () => {
    const broken = { key: 'broken', bytes: new Uint8Array([1, 2, 3]) };
    await expect(compute.logits({ program: broken, photos, items })).rejects.toThrow(ComputeError);
    await expect(compute.logits({ program: model, photos, items })).resolves.toMatchObject({ classes: 4 });
  });

  test('refuses a perturbation of another size, and photos that are not there', async () => {
    const short = new Float32Array(5);
    await expect(compute.logits({ program: model, photos, items, v: short })).rejects.toThrow(
      /perturbation has 5 values, and a canvas of 8 x 8 pixels has 192/,
    );
    const beyond = [{ photo: 12, flip: false }];
    await expect(compute.logits({ program: model, photos, items: beyond })).rejects.toThrow(/Photo 12/);
  });

  test('opens a session again after it was given back', async () => {
    const before = await compute.logits({ program: model, photos, items });
    await compute.release(model.key);
    await compute.release();
    expect((await compute.logits({ program: model, photos, items })).logits).toEqual(before.logits);
  });

  test('rejects what is running when it is closed, and all that comes after', async () => {
    const other = await openCompute({ provider: 'cpu', workers: 1 });
    const running = other.logits({ program: model, photos, items: Array.from({ length: 5000 }, () => items[0]) });
    const rejected = expect(running).rejects.toThrow(/closed/);
    await other.close();
    await rejected;
    await expect(other.logits({ program: model, photos, items })).rejects.toThrow(/closed/);
    await other.close();
  });

  test('waits for a job that takes long when it is closed: a thread that is ended in a run ends the process', async () => {
    const busy = `import { parentPort } from 'node:worker_threads';
      import { writeFileSync } from 'node:fs';
      parentPort.on('message', ({ kind, job }) => {
        if (kind === 'close') process.exit();
        for (const end = Date.now() + 3000; Date.now() < end; );
        writeFileSync(job.program.key, 'done');
      });`;
    const folder = await mkdtemp(join(tmpdir(), 'atlas-pool-'));
    const key = join(folder, 'result');
    const entry = new URL(`data:text/javascript,${encodeURIComponent(busy)}`);
    const pool = new Pool(1, { provider: 'cpu', profile: 'cpu', sessions: 1 }, entry);
    const rejected = expect(pool.run([{ ...oneJob, program: { ...model, key } }])).rejects.toThrow(/closed/);
    await pool.close();
    await rejected;
    expect(readFileSync(key, 'utf8')).toBe('done');
    await rm(folder, { recursive: true });
  });

  test('fails with the cause when a thread dies', async () => {
    const entry = new URL(`data:text/javascript,${encodeURIComponent("throw new Error('out of luck')")}`);
    const pool = new Pool(2, { provider: 'cpu', profile: 'cpu', sessions: 1 }, entry);
    await expect(pool.run([oneJob])).rejects.toThrow(/thread stopped: out of luck/);
    await expect(pool.run([oneJob])).rejects.toThrow(ComputeError);
    await pool.close();
  });
});

describe('providers', () => {
  const cuda = existsSync('node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so');

  test.skipIf(cuda)('says what a provider needs that does not work here', async () => {
    await expect(openCompute({ provider: 'cuda' })).rejects.toThrow(
      /cuda does not work on this machine.*onnxruntime-node.script.install\.js.*--provider cpu/,
    );
  });

  test.skipIf(cuda)('falls back to the processor with one line', async () => {
    const lines: string[] = [];
    const auto = await openCompute({ workers: 1, notice: (line) => lines.push(line) });
    await auto.close();
    if (auto.provider === 'cpu') expect(lines).toEqual([expect.stringMatching(/running on the CPU/)]);
    else expect(lines).toEqual([]);
  });
});
