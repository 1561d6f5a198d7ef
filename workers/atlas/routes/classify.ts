import { createRoute, z } from '@hono/zod-openapi';
import { applyPerturbation, distortion } from '#shared/images';
import { argmax, isFooled, predictionsOf } from '#shared/metrics';
import { type Manifest, type ReleaseModel, tamperedClass } from '#shared/release';
import {
  classificationSchema,
  imageBody,
  json,
  linkedAs,
  newApp,
  perturbationIds,
  photoParameter,
  problems,
  releaseParameter,
  strengthParameter,
  text,
  whole,
  wholeNumber,
} from '../contract/index.ts';
import type { Env, Timings } from '../env.ts';
import { decodeCanvas, decoderMemory } from '../imaging/index.ts';
import { classifyCanvases, isOpen, runtimeMemory, sessionFor, type Turn } from '../inference/index.ts';
import { limitImages } from '../middleware/index.ts';
import { milliseconds, startStopwatch } from '../stopwatch.ts';
import { labelsOf, modelBytes, perturbationValues, releaseOf } from '../storage/index.ts';
import { chooseModel, choosePerturbations } from './choose.ts';
import { serverTiming, withPicture } from './picture.ts';

const query = z.strictObject({
  model: text.optional().openapi({ description: 'Id of a model with `edge: true`; left out: the first of them.' }),
  perturbation: perturbationIds,
  strength: strengthParameter,
  top: whole(1, 20)
    .default(5)
    .openapi({ ...wholeNumber(1, 20), default: 5, description: 'How many labels to give.' }),
  photo: photoParameter,
  release: releaseParameter,
});

/** A small network reads a canvas in about so many. */
const MS_PER_CANVAS = 30;

/** POST /classify: what a model sees in an image, without and with perturbations. */
export const classify = newApp();

classify.openapi(
  createRoute({
    ...linkedAs('classify'),
    method: 'post',
    path: '/classify',
    tags: ['images'],
    operationId: 'classify',
    summary: 'Classify, clean and perturbed',
    description:
      'The image becomes a canvas (short side resized, centre cut out; of a release whose fit is exact it has the size of the canvas, and is taken as it is), each perturbation is added to it and the result rounded to whole pixels, ' +
      'and a network of the release reads them: the clean canvas and the first perturbed one as one batch. Nothing is stored.',
    middleware: limitImages,
    request: { query, body: imageBody },
    responses: {
      200: json(classificationSchema, 'What the model reads.'),
      ...problems(
        ...([
          'bad-query',
          'empty-body',
          'bad-form',
          'unknown-release',
          'unknown-model',
          'unknown-perturbation',
        ] as const),
        ...(['unknown-photo', 'body-too-large', 'image-too-large', 'not-an-image', 'unsupported-image'] as const),
        ...(['corrupt-image', 'image-not-exact', 'model-not-at-edge', 'slow-body', 'rate-limited', 'busy'] as const),
      ),
    },
  }),
  async (c) => {
    const started = performance.now();
    const { model: modelId, perturbation, strength, top, photo, release: version } = c.req.valid('query');
    const release = await releaseOf(c.env, version);
    const model = chooseModel(release, modelId);
    const perturbations = choosePerturbations(release, perturbation, ({ surrogates }) =>
      surrogates.includes(model.card.id),
    );
    Object.assign(c.var.observed, {
      model: model.card.id,
      perturbations: perturbations.map(({ id }) => id),
      release: release.version,
    });
    const { timings, clean, results } = await withPicture(
      c,
      { release, photo, milliseconds: MS_PER_CANVAS * (1 + perturbations.length) },
      (bytes, wait, turn) =>
        classifyImage({ env: c.env, release, model, perturbations, strength, top, bytes, wait, turn, started }),
    );
    c.var.observed.timings = timings;
    const wasm = Math.round((runtimeMemory() + decoderMemory()) / 2 ** 20);
    c.header('Server-Timing', `${serverTiming(timings)}, memory;desc="${wasm} MiB of wasm"`);
    c.header('Cache-Control', 'no-store');
    const [first] = results;
    return c.json(
      {
        model: model.card.id,
        photo: photo ?? null,
        perturbation: first?.perturbation ?? null,
        strength,
        clean,
        perturbed: first?.perturbed ?? null,
        fooled: first?.fooled ?? null,
        tampered: first?.tampered ?? null,
        distortion: first?.distortion ?? null,
        results,
        timings,
        release: release.version,
      },
      200,
    );
  },
);

async function classifyImage(job: {
  env: Env;
  release: Manifest;
  model: ReleaseModel;
  perturbations: Manifest['perturbations'];
  strength: number;
  top: number;
  bytes: Uint8Array;
  wait: number;
  turn: Turn;
  started: number;
}) {
  const { env, release, model, perturbations, strength, top } = job;
  const stopwatch = await startStopwatch();
  // What has to be fetched is on its way while the picture is decoded.
  const loading = isOpen(model.sha256) ? null : modelBytes(env, model);
  const naming = labelsOf(env, model);
  const values = perturbations.map(({ npy }) => perturbationValues(env, release, npy));
  for (const promise of [loading, naming, ...values]) promise?.catch(() => undefined);
  const clean = await decodeCanvas(job.bytes, release.canvas, release.fit);
  const decode = await stopwatch();
  await job.turn.giveWay();
  const wait = job.wait + (await stopwatch());
  const perturbed = (await Promise.all(values)).map((v) => applyPerturbation(clean, v, strength));
  const labels = await naming;
  const canvas = await stopwatch();
  const { session, opened } = await sessionFor(model.sha256, () => loading ?? modelBytes(env, model));
  const sessionTime = await stopwatch();
  const logits = await classifyCanvases(session, [clean, ...perturbed], release.canvas);
  const inference = await stopwatch();
  const [before, ...after] = logits.map((one) => predictionsOf(one, labels, top));
  // A clean photo that is flagged by mistake has the label that lies beneath.
  const tampered = tamperedClass(model.card);
  const own = argmax(logits[0], 0, tampered);
  const results = perturbations.map(({ id }, i) => ({
    perturbation: id,
    perturbed: after[i],
    fooled: isFooled(own, after[i][0].index, tampered),
    tampered: tampered === undefined ? null : after[i][0].index === tampered,
    distortion: distortion(clean, perturbed[i]),
  }));
  const timings: Timings = {
    wait,
    decode,
    canvas,
    session: opened ? sessionTime : 0,
    inference,
    total: milliseconds(performance.now() - job.started),
  };
  return { clean: before, results, timings };
}
