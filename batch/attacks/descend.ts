/**
 * What most attacks are: photos in a random order, the gradient of an objective, a step. An attack brings the objective
 * and the settings.
 *
 * Gradients are taken at clip(canvas + v) as if nothing had been clipped, so that a pixel at the edge of its range
 * still pulls.
 */
import type { z } from 'zod';
import { project } from '#shared/images';
import { type Item, sharedFloats } from '../compute/index.ts';
import { AtlasError } from '../errors/index.ts';
import { random } from '../synthetic/index.ts';
import type { Course } from './attack.ts';
import type { Objective } from './objectives.ts';
import type { Optimiser } from './optimisers.ts';
import { optimiserOf, type photoSettings, type stepSettings } from './settings.ts';
import type { State } from './state.ts';
import type { CraftTask } from './types.ts';
import type { Work } from './work.ts';

type Settings<Fields extends z.ZodRawShape> = z.infer<z.ZodObject<Fields>>;
export type PhotoSettings = Settings<typeof photoSettings>;
export type DescentSettings = PhotoSettings & Settings<typeof stepSettings>;

export interface DescentOptions {
  objective: Objective;
  /** Where v starts, [3,S,S]; zero when left out. */
  start?: Float32Array;
  /** Positions among the crafting photos that are crafted on; all when left out. */
  positions?: readonly number[];
  /** Photos of the last step, from `of.batch` in equal parts of the budget; as many as in the first when left out. */
  batchTo?: number;
  /** The gradient is taken where the momentum alone would lead (Nesterov), within the bound. */
  lookahead?: boolean;
}

export function descend(work: Work, of: DescentSettings, options: DescentOptions): Course {
  const { objective, start, positions, batchTo = of.batch, lookahead = false } = options;
  const photos = photosInOrder(work.task, of, positions);
  const optimiser = optimiserOf(of, work.task, work.length);
  const gradient = work.gradientsOf(objective);
  const v = startAt(work, start);
  const ahead = lookahead && optimiser.lookAhead ? sharedFloats(work.length) : null;
  return {
    state: { v, photos: photos.state, optimiser: optimiser.state },
    async step() {
      const { progress } = work;
      if (ahead) {
        optimiser.lookAhead?.(v, ahead, progress);
        project(ahead, work.task.norm, work.task.epsilon);
      }
      const batch = Math.round(of.batch + (batchTo - of.batch) * progress);
      const found = await gradient(photos.next(work.batch(batch)), ahead ?? v);
      move(work, optimiser, v, found.gradient, progress);
      return true;
    },
  };
}

/**
 * One step of an optimiser. @throws AtlasError when the first gradient of a craft is zero everywhere: then nothing will
 * ever move.
 */
export function move(
  work: Work,
  optimiser: Optimiser,
  v: Float32Array,
  gradient: Float32Array,
  progress: number,
): void {
  if (progress === 0 && gradient.every((value) => value === 0)) {
    throw new AtlasError(
      `The gradient is zero everywhere: ${work.sides.map(({ surrogate }) => surrogate.id).join(' and ')} does not react to small changes of the photos. Check with \`atlas gradients check\`, or start from noise where the attack has a setting for it.`,
    );
  }
  optimiser.step(v, gradient, progress);
}

/** Memory for v that threads read in place. */
export function startAt({ length }: Work, start?: Float32Array): Float32Array {
  const v = sharedFloats(length);
  if (start) v.set(start);
  return v;
}

/** Uniform noise of a share of the bound: a start for losses that have no gradient at zero. */
export function noiseStart({ task: { norm, epsilon, seed }, length }: Work, share: number): Float32Array {
  const draw = random(seed, 'start');
  // Under norm 2 the uniform values of +-1 have length sqrt(length / 3).
  const scale = share * (norm === 'inf' ? epsilon : epsilon * Math.sqrt(3 / length));
  return Float32Array.from({ length }, () => scale * (2 * draw.uniform() - 1));
}

/**
 * Every crafting photo once in a random order, then again in another one; a batch may span two rounds. With
 * `zoomAfter`, photos are enlarged only once they have been seen that often.
 */
export function photosInOrder(
  { crafting, photos, seed }: Pick<CraftTask, 'crafting' | 'photos' | 'seed'>,
  of: Pick<PhotoSettings, 'flips' | 'shift' | 'zoom'> & { zoomAfter?: number },
  positions: readonly number[] = crafting.map((_, position) => position),
): { state: State; next(count: number): Item[] } {
  const [shuffle, mirror, move, enlarge] = ['shuffle', 'flips', 'shifts', 'zooms'].map((stream) =>
    random(seed, stream),
  );
  const furthest = Math.round(of.shift * photos.size);
  const pixels = () => Math.floor((2 * furthest + 1) * move.uniform()) - furthest;
  const state = {
    order: [] as number[],
    rounds: 0,
    shuffle: shuffle.state,
    mirror: mirror.state,
    move: move.state,
    enlarge: enlarge.state,
  };
  const next = (): Item => {
    if (state.order.length === 0) {
      state.order = shuffle.order(positions.length);
      state.rounds++;
    }
    const position = positions[state.order.pop() as number];
    const flip = of.flips && mirror.bits() >>> 31 === 1;
    const item: Item = { photo: crafting[position], flip, row: 2 * position + Number(flip) };
    if (furthest > 0) item.shift = [pixels(), pixels()];
    if (of.zoom > 0 && state.rounds > (of.zoomAfter ?? 0)) item.zoom = 1 + of.zoom * enlarge.uniform();
    return item;
  };
  return { state, next: (count) => Array.from({ length: count }, next) };
}
