/** Gradients of every kind of loss of a model, against central differences along random directions. */
import { availableParallelism } from 'node:os';
import { AtlasError, UsageError } from '#shared/errors';
import {
  differentiate,
  layersOf,
  type Model,
  whereImagesMix,
  withActivationEnergy,
  withCosine,
  withCotangent,
  withCrossEntropy,
  withMargin,
  writeModel,
} from '#shared/graph';
import { argmax } from '#shared/metrics';
import { naming } from '#shared/zoo';
import { nowRunning } from '../children/index.ts';
import { openOnce } from '../compute/index.ts';

/**
 * Step of the central differences, in pixel values of 0..255: small against the kinks of Relu, large against float32's
 * rounding.
 */
const step = 0.002;

type Session = Awaited<ReturnType<typeof openOnce>>;
type Feeds = Parameters<Session['run']>[0];

export interface LossCheck {
  name: string;
  /** |numeric - analytic| over the larger of |numeric| and |analytic|, over all photos and directions. */
  relativeError: number;
  /** Of the loss over the photos. */
  mean: number;
}

export interface CheckedPhotos {
  /** [n,3,S,S] */
  pixels: Float32Array;
  dims: number[];
}

interface CheckOptions {
  /** Directions to compare along. */
  directions: number;
  seed: number;
  /** Called before each loss, the first of which is number 1. */
  onLoss?: (name: string, number: number, of: number) => void;
}

/**
 * Holds the gradient of every kind of loss against differences, the cross-entropy first.
 *
 * @param name Of the model, for errors.
 * @throws UsageError when a loss cannot be composed or differentiated; AtlasError when a gradient is no number.
 */
export async function checkGradients(
  name: string,
  model: Model,
  photos: CheckedPhotos,
  { directions, seed, onLoss }: CheckOptions,
): Promise<LossCheck[]> {
  const mixing = whereImagesMix(model);
  if (mixing) throw new UsageError(`The model ${name} has no gradient of a single photo: ${mixing.message}`);
  const plain = naming(`The model ${name} has no loss`, () => writeModel(withCrossEntropy(model)));
  const kinds = await kindsOf(model, plain, photos);
  const losses: LossCheck[] = [];
  for (const kind of kinds) {
    onLoss?.(kind.name, losses.length + 1, kinds.length);
    const programs = naming(`The ${kind.name} of the model ${name} cannot be differentiated`, () => {
      const composed = kind.compose(model);
      return {
        forward: writeModel(composed),
        backward: writeModel(differentiate(composed, { of: 'loss', wrt: 'canvas' })),
      };
    });
    losses.push({ name: kind.name, ...(await compare(programs, kind.feeds, photos, directions, seed)) });
  }
  return losses;
}

interface Kind {
  name: string;
  compose(model: Model): Model;
  /** What the loss reads besides the canvas. */
  feeds: Feeds;
}

/**
 * Every kind of loss with inputs that leave it far from flat; the cross-entropy, whose forward graph is given, first.
 */
async function kindsOf(model: Model, crossEntropy: Uint8Array, at: CheckedPhotos): Promise<Kind[]> {
  const [count] = at.dims;
  // Any label serves; class 0 is rarely the one predicted, so the loss is far from flat.
  const labels = { labels: { type: 'int64' as const, data: new BigInt64Array(count), dims: [count] } };
  nowRunning();
  const plain = await withSession(crossEntropy, (session) => run(session, at.pixels, at.dims, labels));
  const logits = plain.logits.data;
  const classes = logits.length / count;
  const mean = average(plain.loss.data);
  const float = (data: Float32Array, dims: number[]) => ({ type: 'float32' as const, data, dims });
  const oneHot = new Float32Array(logits.length);
  for (let n = 0; n < count; n++) oneHot[n * classes + argmax(logits, n * classes, classes)] = 1;
  const layers = layersOf(model).map(({ activated }) => activated);
  return [
    { name: 'cross-entropy', compose: withCrossEntropy, feeds: labels },
    // Clamped at their mean, some photos are below and some above.
    { name: 'clamped cross-entropy', compose: (m) => withCrossEntropy(m, { clampAt: mean }), feeds: labels },
    { name: 'margin', compose: withMargin, feeds: labels },
    {
      name: 'cosine',
      compose: withCosine,
      // Not the photo's own logits: there the cosine is 1, and flat.
      feeds: {
        reference: float(logits.toReversed(), [count, classes]),
        centre: float(new Float32Array(classes), [classes]),
      },
    },
    {
      name: 'evading cosine',
      compose: (m) => withCosine(m, { evade: 0.5 }),
      feeds: {
        reference: float(logits.toReversed(), [count, classes]),
        centre: float(new Float32Array(classes), [classes]),
      },
    },
    { name: 'class gradient', compose: withCotangent, feeds: { cotangent: float(oneHot, [count, classes]) } },
    ...(layers.length > 0
      ? [{ name: 'activation energy', compose: (m: Model) => withActivationEnergy(m, layers), feeds: {} }]
      : []),
  ];
}

const average = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function withSession<Result>(program: Uint8Array, work: (session: Session) => Promise<Result>): Promise<Result> {
  const session = await openOnce(program, { threads: availableParallelism() });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

const run = (session: Session, data: Float32Array, dims: number[], feeds: Feeds) =>
  session.run({ canvas: { type: 'float32', data, dims }, ...feeds });

/**
 * Per-sample directional derivatives against central differences: |d - d'| / max(|d|, |d'|) over all samples and
 * directions.
 */
async function compare(
  { forward, backward }: { forward: Uint8Array; backward: Uint8Array },
  feeds: Feeds,
  { pixels, dims }: CheckedPhotos,
  directions: number,
  seed: number,
): Promise<Omit<LossCheck, 'name'>> {
  const [count] = dims;
  const length = pixels.length / count;
  const { loss, gradient } = await withSession(backward, (session) => run(session, pixels, dims, feeds));
  if (!gradient.data.every(Number.isFinite))
    throw new AtlasError(
      'The gradient has elements that are not finite numbers. Check the range, mean and std of the card.',
    );
  return withSession(forward, async (session) => {
    let difference = 0;
    let size = 0;
    let analyticSize = 0;
    for (let d = 0; d < directions; d++) {
      const direction = signedGradient(gradient.data, seed * 1000 + d);
      const moved = async (sign: number) =>
        (
          await run(
            session,
            pixels.map((value, i) => value + sign * step * direction[i]),
            dims,
            feeds,
          )
        ).loss.data;
      const [up, down] = [await moved(1), await moved(-1)];
      for (let n = 0; n < count; n++) {
        const numeric = (up[n] - down[n]) / (2 * step);
        let analytic = 0;
        for (let i = n * length; i < (n + 1) * length; i++) analytic += direction[i] * gradient.data[i];
        difference += (numeric - analytic) ** 2;
        size += numeric ** 2;
        analyticSize += analytic ** 2;
      }
    }
    const relativeError = difference === 0 ? 0 : Math.sqrt(difference / Math.max(size, analyticSize));
    return { relativeError, mean: average(loss.data) };
  });
}

/**
 * The sign of the gradient on a random half of the pixels. A plain random direction is nearly orthogonal to the
 * gradient, so its derivative would drown in float32's rounding.
 */
function signedGradient(gradient: Float32Array, seed: number): Float32Array {
  let state = (seed + 1) >>> 0;
  return gradient.map((value) => {
    // Xorshift: G. Marsaglia, "Xorshift RNGs", 2003.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0x10000 ? Math.sign(value) : 0;
  });
}
