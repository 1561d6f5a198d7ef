import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readNpy } from '#shared/formats';
import { applyPerturbation, canvasFromRgba } from '#shared/images';
import type { Manifest } from '#shared/release';
import { topK } from '../../shared/metrics/predictions.ts';
import { nodeCodecs, parityPhotos } from '../support/images.ts';
import { readKey, TEST_RELEASE, testManifest } from '../support/release.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

let worker: RunningWorker;
let release: Manifest;

beforeAll(async () => {
  [worker, release] = await Promise.all([startWorker({ release: TEST_RELEASE }), testManifest()]);
}, 60_000);
afterAll(() => worker?.dispose());

test('edge and batch see the same label, clean and perturbed, in every photo and with every edge model', async () => {
  const codecs = await nodeCodecs();
  const photos = await parityPhotos();
  const size = release.canvas;
  for (const model of release.models.filter(({ edge }) => edge)) {
    const id = model.card.id;
    const perturbation =
      release.perturbations.find(({ surrogates }) => surrogates.includes(id)) ?? release.perturbations[0];
    const v = readNpy(new Uint8Array(await readKey(perturbation.npy))).data as Float32Array;
    const session = await ort.InferenceSession.create(await readKey(model.key), { intraOpNumThreads: 1 });
    for (const { name, bytes } of photos) {
      const clean = canvasFromRgba(await codecs.decode(bytes), size);
      const batch = new Float32Array(2 * clean.length);
      batch.set(clean);
      batch.set(applyPerturbation(clean, v), clean.length);
      const { logits } = await session.run({ canvas: new ort.Tensor('float32', batch, [2, 3, size, size]) });
      const values = logits.data as Float32Array;
      const [ours, oursPerturbed] = [0, 1].map(
        (i) => topK(values.subarray((i * values.length) / 2, ((i + 1) * values.length) / 2), 1)[0],
      );

      const query = new URLSearchParams({ model: id, perturbation: perturbation.id, top: '1' });
      const response = await fetch(`${worker.url}/api/v1/classify?${query}`, { method: 'POST', body: bytes });
      const answer = (await response.json()) as Record<'clean' | 'perturbed', { index: number; probability: number }[]>;
      expect([answer.clean[0].index, answer.perturbed[0].index], `${id} ${name}`).toEqual([
        ours.index,
        oursPerturbed.index,
      ]);
      expect(answer.clean[0].probability).toBeCloseTo(ours.probability, 3);
      expect(answer.perturbed[0].probability).toBeCloseTo(oursPerturbed.probability, 3);
    }
    await session.release();
  }
}, 120_000);
