/** What each kind of job does, and what its output is made from. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readNpy, writeNpy } from '#shared/formats';
import { l2Norm, linfNorm } from '#shared/images';
import { curvePoint, share } from '#shared/release';
import { type Measurement, measure } from '../analyses/index.ts';
import { craft } from '../attacks/index.ts';
import type { Compute } from '../compute/index.ts';
import { splitPhotos } from '../photos/index.ts';
import { prepareModel, readModelBytes, type ZooModel } from '../zoo/index.ts';
import { meanDistortion } from './distortion.ts';
import { type Progress, workOf } from './events.ts';
import { factsOf, inHashOrder, type PhotoFacts, photoFacts, type StudyPhotos } from './photos.ts';
import type { PlannedPerturbation } from './plan.ts';
import type { Done, JobStore } from './store.ts';

/** Given to every job. */
export interface Steps {
  store: JobStore;
  progress: Progress;
  photos: StudyPhotos;
  canvas: number;
  provider: string;
  compute: () => Promise<Compute>;
  signal?: AbortSignal;
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export async function photosJob(
  { store, progress, photos, canvas, signal }: Steps,
  files: Map<string, string>,
): Promise<Done<PhotoFacts>> {
  progress.begin(workOf.photos(files.size));
  const done = await store.run('photos', { canvas, files: [...files] }, photoFacts, async () => {
    const loaded = await photos.load({
      signal,
      onProgress: ({ done, total }) => progress.item('photos', 'photos', { done, total, unit: 'photos' }),
    });
    return { result: factsOf(loaded) };
  });
  progress.end('photos', 'photos', done);
  return done;
}

const preparedResult = z.object({ sha256: z.string(), sourceSha256: z.string() });
export type PreparedJob = Done<z.infer<typeof preparedResult>>;

export async function prepareJob({ store, progress, canvas, signal }: Steps, model: ZooModel): Promise<PreparedJob> {
  signal?.throwIfAborted();
  progress.begin(workOf.prepare);
  const { card } = model;
  // A card that says its file's hash is believed here; the file itself is checked against it when it is read.
  const source = card.source.sha256 ?? hashOf(await readModelBytes(model));
  const inputs = { source, preprocessing: card.preprocessing, canvas };
  const done = await store.run('prepare', inputs, preparedResult, async () => {
    const { bytes, sha256, sourceSha256 } = await prepareModel(model, canvas, signal);
    return { result: { sha256, sourceSha256 }, files: { 'model.onnx': bytes } };
  });
  progress.end('prepare', card.id, done);
  return done;
}

export const preparedBytes = async (job: PreparedJob): Promise<Uint8Array> => readFile(join(job.folder, 'model.onnx'));

const craftedResult = z.object({
  settings: z.record(z.string(), z.unknown()),
  gradients: z.int(),
  seconds: z.number(),
  curve: z.array(curvePoint),
  fooling: share.nullable(),
  linf: z.number(),
  l2: z.number(),
  /** Of the .npy file. */
  sha256: z.string(),
});
export type CraftJob = Done<z.infer<typeof craftedResult>>;

export async function craftJob(
  { store, progress, photos, canvas, provider, compute, signal }: Steps,
  planned: PlannedPerturbation,
  facts: PhotoFacts,
  prepared: Map<string, PreparedJob>,
): Promise<CraftJob> {
  signal?.throwIfAborted();
  const { id, attack, settings, norm, epsilon, seed, surrogates, budget } = planned;
  progress.begin(workOf.craft(gradientsOf(planned)));
  const jobs = surrogates.map((surrogate) => ({ id: surrogate, job: prepared.get(surrogate)! }));
  const inputs = {
    ...{ attack, settings, norm, epsilon, seed, canvas },
    // What no model has a part in depends on no photo, provider or budget either.
    ...(jobs.length > 0 && {
      surrogates: jobs.map(({ job }) => job.result.sha256),
      crafting: facts.crafting,
      budget,
      provider,
    }),
  };
  const done = await store.run('craft', inputs, craftedResult, async () => {
    const loaded = await photos.loadKnown(facts, signal);
    const crafted = await craft({
      compute: await compute(),
      surrogates: await Promise.all(
        jobs.map(async ({ id, job }) => ({ id, bytes: await preparedBytes(job), sha256: job.result.sha256 })),
      ),
      photos: loaded,
      crafting: splitPhotos(loaded.names).crafting,
      ...{ attack, settings, norm, epsilon, seed, signal },
      budget: budget ?? { gradients: 1 },
      onProgress: (now) =>
        progress.item('craft', id, {
          done: now.stage === 'craft' ? now.gradients : now.done,
          total: now.stage === 'craft' ? gradientsOf(planned) : now.total,
          unit: now.stage === 'craft' ? 'gradients' : 'photos',
          perSecond: now.stage === 'craft' ? now.gradientsPerSecond : undefined,
          fooling: now.fooling,
        }),
    });
    // Gradient graphs are large, and the next perturbation has another.
    await (await compute()).release();
    const { gradients, seconds, curve, fooling } = crafted;
    // Out of the memory that the threads share.
    const v = new Float32Array(crafted.v);
    const npy = writeNpy(v, [3, canvas, canvas]);
    return {
      result: {
        ...{ settings: crafted.settings, gradients, seconds, curve, fooling },
        linf: linfNorm(v),
        l2: l2Norm(v),
        sha256: hashOf(npy),
      },
      files: { 'perturbation.npy': npy },
    };
  });
  progress.end('craft', id, { ...done, fooling: done.result.fooling?.ratio });
  return done;
}

/** Gradients that a perturbation will take, as far as its budget tells. */
export const gradientsOf = ({ budget }: PlannedPerturbation) => (budget ? (budget.gradients ?? 2000) : 0);

/** The perturbation [3,S,S] that a job crafted. */
export async function perturbationOf(job: CraftJob): Promise<Float32Array<ArrayBuffer>> {
  return readNpy(await readFile(join(job.folder, 'perturbation.npy'))).data as Float32Array<ArrayBuffer>;
}

const measuredResult = z.object({ photos: z.int() });
export type MeasureJob = Done<z.infer<typeof measuredResult>>;

/** Predictions of a target on the evaluation photos; without `crafted`, of the photos as they are. */
export async function measureJob(
  { store, progress, photos, provider, compute, signal }: Steps,
  name: string,
  facts: PhotoFacts,
  target: PreparedJob,
  crafted: CraftJob | null,
): Promise<MeasureJob> {
  signal?.throwIfAborted();
  const count = splitPhotos(facts.names).evaluation.length;
  progress.begin(workOf.measure(count));
  const inputs = {
    prepared: target.result.sha256,
    evaluation: facts.evaluation,
    perturbation: crafted?.result.sha256 ?? null,
    provider,
  };
  const done = await store.run('measure', inputs, measuredResult, async () => {
    const loaded = await photos.loadKnown(facts, signal);
    const { labels, probabilities } = await measure({
      compute: await compute(),
      prepared: { bytes: await preparedBytes(target), sha256: target.result.sha256 },
      photos: loaded,
      indices: splitPhotos(loaded.names).evaluation,
      v: crafted ? await perturbationOf(crafted) : null,
      signal,
      onProgress: (done) => progress.item('measure', name, { done, total: count, unit: 'photos' }),
    });
    return {
      result: { photos: labels.length },
      files: {
        'labels.npy': writeNpy(new Int32Array(labels), [labels.length]),
        'probabilities.npy': writeNpy(new Float32Array(probabilities), [probabilities.length]),
      },
    };
  });
  progress.end('measure', name, done);
  return done;
}

export async function measurementOf(job: MeasureJob): Promise<Measurement> {
  const read = async (name: string) => readNpy(await readFile(join(job.folder, name))).data;
  return {
    labels: (await read('labels.npy')) as Int32Array,
    probabilities: (await read('probabilities.npy')) as Float32Array,
  };
}

const distortionResult = z.object({ psnr: z.number(), ssim: z.number(), photos: z.int() });
export type DistortionJob = Done<z.infer<typeof distortionResult>>;

/** Photos that PSNR and SSIM are averaged over: they differ little from photo to photo, and SSIM is slow. */
const distortionPhotos = 40;

export async function distortionJob(
  { store, progress, photos, signal }: Steps,
  id: string,
  facts: PhotoFacts,
  crafted: CraftJob,
): Promise<DistortionJob> {
  signal?.throwIfAborted();
  progress.begin(workOf.distortion);
  const inputs = { evaluation: facts.evaluation, perturbation: crafted.result.sha256, most: distortionPhotos };
  const done = await store.run('distortion', inputs, distortionResult, async () => {
    const loaded = await photos.loadKnown(facts, signal);
    const places = new Map(loaded.names.map((name, index) => [name, index]));
    const evaluation = splitPhotos(loaded.names).evaluation.map((index) => loaded.names[index]);
    const chosen = inHashOrder(evaluation)
      .slice(0, distortionPhotos)
      .map((name) => places.get(name)!);
    const means = await meanDistortion(loaded, chosen, await perturbationOf(crafted), {
      signal,
      onProgress: (done) => progress.item('distortion', id, { done, total: chosen.length, unit: 'photos' }),
    });
    return { result: { ...means, photos: chosen.length } };
  });
  progress.end('distortion', id, done);
  return done;
}
