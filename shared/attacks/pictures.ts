/** What each step of a descent looks at: the crafting photos, or pictures in their place. */
import type { z } from 'zod';
import type { Item } from '#shared/compute';
import { random } from '#shared/synthetic';
import type { photoSettings } from './settings.ts';
import type { State } from './state.ts';
import type { CraftInputs, Pixels } from './types.ts';

interface Batch {
  items: Item[];
  /** What the items are taken from; the crafting photos when left out. */
  photos?: Pixels;
}

/** A source of pictures, step by step. */
export interface Pictures {
  /** What it remembers between steps. */
  readonly state: State;
  next(count: number, v: Float32Array, progress: number): Batch | Promise<Batch>;
}

type ShowSettings = Omit<z.infer<z.ZodObject<typeof photoSettings>>, 'batch'> & { zoomAfter?: number };
type Photos = Pick<CraftInputs, 'crafting' | 'photos' | 'seed'>;

/** The crafting photos in a random order; those at some positions, where they are given. */
export function craftingPhotos(task: Photos, settings: ShowSettings, positions?: readonly number[]): Pictures {
  const photos = photosInOrder(task, settings, positions);
  return { state: photos.state, next: (count) => ({ items: photos.next(count) }) };
}

/**
 * Every crafting photo once in a random order, then again in another one; a batch may span two rounds. With
 * `zoomAfter`, photos are enlarged only once they have been seen that often.
 */
export function photosInOrder(
  { crafting, photos, seed }: Photos,
  settings: ShowSettings,
  positions: readonly number[] = crafting.map((_, position) => position),
): { state: State; next(count: number): Item[] } {
  const [shuffle, mirror, move, enlarge] = ['shuffle', 'flips', 'shifts', 'zooms'].map((stream) =>
    random(seed, stream),
  );
  const furthest = Math.round(settings.shift * photos.size);
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
    const flip = settings.flips && mirror.bits() >>> 31 === 1;
    const item: Item = { photo: crafting[position], flip, row: 2 * position + Number(flip) };
    if (furthest > 0) item.shift = [pixels(), pixels()];
    if (settings.zoom > 0 && state.rounds > (settings.zoomAfter ?? 0))
      item.zoom = 1 + settings.zoom * enlarge.uniform();
    return item;
  };
  return { state, next: (count) => Array.from({ length: count }, next) };
}
