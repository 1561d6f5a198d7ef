import { zValidator } from '@hono/zod-validator';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { applyPerturbation, canvasFromRgba, distortion, type Rgba } from '#shared/images';
import { topK } from '#shared/metrics';
import type { Manifest, Prediction, ReleaseModel } from '#shared/release';
import type { AppEnv, Env } from '../env.ts';
import { checkImage, decodeImage, readBody } from '../imaging/index.ts';
import { classifyBatch, runtimeMemory, sessionFor, Turnstile } from '../inference/index.ts';
import { Problem } from '../problems.ts';
import { currentRelease, labelsOf, modelBytes, perturbationValues } from '../storage/index.ts';
import { refuseOtherMethods } from './method.ts';
import { unknownPerturbation } from './release.ts';

/** Bodies wait in memory for their turn; these fit beside a network and a decoded photo. */
const turnstile = new Turnstile({ places: 16, bytes: 24_000_000, leaseMs: 30_000 });

const decimal = z
  .string()
  .regex(/^\d{1,6}(\.\d{1,20})?$/, 'must be a plain number such as 1 or 0.5')
  .transform(Number);

const classifyQuery = z.strictObject({
  model: z.string().min(1, 'must not be empty').optional(),
  perturbation: z.string().min(1, 'must not be empty').optional(),
  strength: decimal.pipe(z.number().max(2, 'must be from 0 to 2')).default(1),
  top: decimal
    .pipe(z.int('must be a whole number').min(1, 'must be from 1 to 20').max(20, 'must be from 1 to 20'))
    .default(5),
});
type ClassifyQuery = z.infer<typeof classifyQuery>;

/** Milliseconds of each stage; `wait` is the time in the queue of this isolate, `session` the time to open the network (0 when it was open). */
interface Timings {
  wait: number;
  decode: number;
  canvas: number;
  session: number;
  inference: number;
  total: number;
}

/** POST /classify: an image as body; what the model sees in it, without and with the perturbation. */
export const classify = new Hono<AppEnv>();

classify.post(
  '/classify',
  zValidator('query', classifyQuery, (result) => {
    if (!result.success) throw badQuery(result.error.issues);
  }),
  async (c) => {
    const started = performance.now();
    const query = c.req.valid('query');
    const release = await currentRelease(c.env);
    const model = chooseModel(release, query.model);
    const perturbation = choosePerturbation(release, model, query.perturbation);
    const bytes = await readBody(c.req.raw);
    checkImage(bytes, c.req.header('Content-Type'));
    if (!turnstile.admits(bytes.byteLength)) {
      throw new Problem(
        'busy',
        'This instance classifies one image at a time and its queue is full. Ask again in a second.',
        {},
        { 'Retry-After': '1' },
      );
    }
    const waiting = performance.now();
    const work = turnstile.pass(bytes.byteLength, async () => {
      // Nobody waits for the answer any more, others wait for the turn.
      c.req.raw.signal.throwIfAborted();
      const wait = performance.now() - waiting;
      return await classifyImage({ env: c.env, release, model, npy: perturbation?.npy, query, bytes, wait, started });
    });
    // The others in the queue wait for this one, so it must finish even where its client has gone.
    c.executionCtx.waitUntil(work.catch(() => undefined));
    const answer = await work;
    return respond(c, {
      model: model.card.id,
      perturbation: perturbation?.id ?? null,
      strength: query.strength,
      ...answer,
      release: release.version,
    });
  },
);
refuseOtherMethods(classify, '/classify', ['POST']);

function respond(c: Context<AppEnv>, answer: { timings: Timings } & Record<string, unknown>) {
  const stages = Object.entries(answer.timings).map(([stage, ms]) => `${stage};dur=${ms}`);
  c.header(
    'Server-Timing',
    [...stages, `memory;desc="${Math.round(runtimeMemory() / 2 ** 20)} MiB of wasm"`].join(', '),
  );
  c.header('Cache-Control', 'no-store');
  return c.json(answer);
}

async function classifyImage(job: {
  env: Env;
  release: Manifest;
  model: ReleaseModel;
  npy: string | undefined;
  query: ClassifyQuery;
  bytes: Uint8Array;
  wait: number;
  started: number;
}) {
  const { env, release, model, query } = job;
  const stopwatch = await startStopwatch();
  // Dropped as soon as the canvas exists: it is the largest thing here.
  let image: Rgba | null = await decodeImage(job.bytes);
  const decode = await stopwatch();
  const clean = canvasFromRgba(image, release.canvas);
  image = null;
  const v = job.npy === undefined ? null : await perturbationValues(env, release, job.npy);
  const perturbed = v && applyPerturbation(clean, v, query.strength);
  const canvas = await stopwatch();
  const labelOf = await labelsOf(env, model);
  const { session, opened } = await sessionFor(model.sha256, () => modelBytes(env, model));
  const sessionTime = await stopwatch();
  const logits = await classifyBatch(session, perturbed ? [clean, perturbed] : [clean], release.canvas);
  const inference = await stopwatch();
  const [before, after] = logits.map((values) =>
    topK(values, query.top).map(
      ({ index, probability }): Prediction => ({ index, label: labelOf(index), probability }),
    ),
  );
  const fooled = after ? after[0].index !== before[0].index : null;
  const changed = perturbed && distortion(clean, perturbed);
  const timings: Timings = {
    wait: milliseconds(job.wait),
    decode,
    canvas,
    session: opened ? sessionTime : 0,
    inference,
    total: milliseconds(performance.now() - job.started),
  };
  return {
    clean: before,
    perturbed: after ?? null,
    fooled,
    distortion: changed,
    timings,
  };
}

/**
 * A clock that tells the milliseconds since it was last asked. On Cloudflare a Worker's clock stands still while it computes and moves on
 * when it waits for something, so each reading waits for a timer of no length first.
 */
async function startStopwatch(): Promise<() => Promise<number>> {
  const now = async () => {
    await scheduler.wait(0);
    return performance.now();
  };
  let last = await now();
  return async () => {
    const time = await now();
    const passed = time - last;
    last = time;
    return milliseconds(passed);
  };
}

const milliseconds = (ms: number) => Math.round(ms * 10) / 10;

function badQuery(issues: readonly z.core.$ZodIssue[]): Problem {
  const errors = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((parameter) => ({
          parameter,
          reason: 'is unknown; the parameters are model, perturbation, strength and top',
        }))
      : [
          {
            parameter: issue.path.join('.'),
            reason: issue.code === 'invalid_type' ? 'must be given once' : issue.message,
          },
        ],
  );
  const list = errors.map(({ parameter, reason }) => `"${parameter}" ${reason}`).join('; ');
  return new Problem('bad-query', `The query is not valid: ${list}. Correct it and ask again.`, { errors });
}

function chooseModel(release: Manifest, id: string | undefined): ReleaseModel {
  const atEdge = release.models.filter((model) => model.edge);
  const known = atEdge.map((model) => model.card.id);
  const found = id === undefined ? atEdge[0] : release.models.find((model) => model.card.id === id);
  if (!found) {
    const detail =
      id === undefined
        ? `Release ${release.version} has no model that the edge serves. Use a model of /api/v1/models on your own machine.`
        : `Release ${release.version} has no model "${id}". Choose one of "known", or see /api/v1/models.`;
    throw new Problem('unknown-model', detail, { known });
  }
  if (!found.edge) {
    throw new Problem(
      'model-not-at-edge',
      `The model "${id}" is in release ${release.version} and too large for the edge. Choose one of "known".`,
      { known },
    );
  }
  return found;
}

/** The perturbation asked for; by default one crafted on the model, else the release's first; null for "none". */
function choosePerturbation(
  release: Manifest,
  model: ReleaseModel,
  id: string | undefined,
): Manifest['perturbations'][number] | null {
  if (id === 'none') return null;
  if (id === undefined) {
    const crafted = release.perturbations.find(({ surrogates }) => surrogates.includes(model.card.id));
    return crafted ?? release.perturbations[0] ?? null;
  }
  // The ids of ensembles hold a "+", which a query string turns into a space where it is not escaped.
  const unescaped = id.replaceAll(' ', '+');
  const found = release.perturbations.find((perturbation) => perturbation.id === unescaped);
  if (!found) throw unknownPerturbation(id, release.version, release.perturbations);
  return found;
}
