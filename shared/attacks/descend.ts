/**
 * What most attacks are: pictures, the gradient of an objective, a step. An attack brings an objective, pictures and
 * settings, and where it differs from plain descent one of the hooks.
 *
 * Gradients are taken at clip(canvas + v) as if nothing had been clipped, so that a pixel at the edge of its range
 * keeps its gradient.
 */
import type { z } from 'zod';
import { AtlasError } from '#shared/errors';
import { project } from '#shared/images';
import { sharedFloats } from '#shared/memory';
import { random } from '#shared/synthetic';
import type { Iteration } from './attack.ts';
import type { Allowance } from './budget.ts';
import type { Objective } from './objectives.ts';
import type { Pictures } from './pictures.ts';
import { optimiserOf, type photoSettings, type stepSettings } from './settings.ts';
import type { State } from './state.ts';
import type { Surrogates } from './surrogates.ts';

type DescentSettings = z.infer<z.ZodObject<typeof stepSettings & Pick<typeof photoSettings, 'batch'>>>;

export interface Descent {
  objective: Objective;
  /** What each step looks at. */
  pictures: Pictures;
  /** Where v starts, [3,S,S]; zero when left out. */
  start?: Float32Array;
  /** The gradient is taken where the momentum alone would lead (Nesterov), within the bound. */
  lookahead?: boolean;
  /** Pictures of a step at that progress; the setting `batch` when left out. */
  batchAt?(progress: number): number;
  /** What v moves against; the gradient of one batch at v when left out. */
  direction?(
    gradientAt: (place: Float32Array) => Promise<Float32Array>,
    v: Float32Array,
    progress: number,
  ): Promise<Float32Array>;
  /** Changes v after each step, before it is projected. */
  afterStep?(v: Float32Array): void;
  /** What the hooks remember between steps. */
  state?: State;
}

export function descend(
  surrogates: Surrogates,
  budget: Allowance,
  settings: DescentSettings,
  { objective, pictures, start, lookahead = false, batchAt, direction, afterStep, state = {} }: Descent,
): Iteration {
  const { task, views, models, length } = surrogates;
  const optimiser = optimiserOf(settings, task, length);
  const gradient = surrogates.gradientsOf(objective, budget);
  const v = startAt(length, start);
  const ahead = lookahead && optimiser.lookAhead ? sharedFloats(length) : null;
  return {
    state: { v, pictures: pictures.state, optimiser: optimiser.state, hooks: state },
    async step() {
      const { progress } = budget;
      const isFirst = budget.gradients === 0;
      if (ahead) {
        optimiser.lookAhead?.(v, ahead, progress);
        project(ahead, task.norm, task.epsilon);
      }
      const gradientAt = async (place: Float32Array) => {
        const wanted = batchAt?.(progress) ?? settings.batch;
        const { items, photos } = await pictures.next(budget.photos(wanted, models), v, progress);
        return (await gradient(items, place, photos)).gradient;
      };
      const along = direction ? await direction(gradientAt, v, progress) : await gradientAt(ahead ?? v);
      // Where the first gradient of a craft is zero everywhere, nothing will ever move. Its progress may be above 0: a
      // budget of seconds has run since the clean predictions.
      if (isFirst && along.every((value) => value === 0)) {
        throw new AtlasError(
          `The gradient is zero everywhere: ${views.map(({ surrogate }) => surrogate.id).join(' and ')} does not react to small changes of the photos. Check with \`atlas gradients check\`, or start from noise where the attack has a setting for it.`,
        );
      }
      optimiser.step(v, along, progress);
      afterStep?.(v);
      return true;
    },
  };
}

/** Memory for v that threads read in place. */
export function startAt(length: number, start?: Float32Array): Float32Array {
  const v = sharedFloats(length);
  if (start) v.set(start);
  return v;
}

/** Uniform noise of a share of the bound: a start for losses that have no gradient at zero. */
export function noiseStart({ task: { norm, epsilon, seed }, length }: Surrogates, share: number): Float32Array {
  const draw = random(seed, 'start');
  // Under norm 2 the uniform values of +-1 have length sqrt(length / 3).
  const scale = share * (norm === 'inf' ? epsilon : epsilon * Math.sqrt(3 / length));
  return Float32Array.from({ length }, () => scale * (2 * draw.uniform() - 1));
}
