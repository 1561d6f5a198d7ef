/** What each surrogate says of the crafting photos as they are, before anything is crafted. */

import type { Item } from '#shared/compute';
import { UsageError } from '#shared/errors';
import { argmax } from '#shared/metrics';
import { checkTarget } from './check.ts';
import { batchOf, type Graphs } from './graphs.ts';
import type { CraftTask, Surrogate, SurrogateView } from './types.ts';

/** Every crafting photo, plain and mirrored: the rows of a view. */
export const cleanItems = (crafting: readonly number[]): Item[] =>
  crafting.flatMap((photo) => [
    { photo, flip: false },
    { photo, flip: true },
  ]);

/**
 * Looks at every crafting photo, plain and mirrored, with every surrogate whose answers are not known.
 * @param onProgress Called with the photos done, of all, over all surrogates.
 * @throws UsageError for a target that a surrogate has no class for, and for a surrogate that says the same of every
 * photo, or no numbers, or in which photos influence each other.
 */
export async function viewsOf(
  { compute, crafting, photos, signal, surrogates, graphs, clean: known }: CraftTask,
  target: number | undefined,
  onProgress?: (done: number, total: number) => void,
): Promise<SurrogateView[]> {
  const items = cleanItems(crafting);
  for (const surrogate of surrogates) await checkApart(surrogate, graphs);
  const views: SurrogateView[] = [];
  for (const surrogate of surrogates) {
    const before = views.length * items.length;
    const there = known?.get(surrogate.sha256);
    if (there) {
      views.push(viewOf(surrogate, there, there.length / items.length));
      continue;
    }
    const { logits, classes } = await compute.logits({
      program: { key: surrogate.sha256, bytes: surrogate.bytes },
      ...{ photos, items, signal },
      onProgress: (done) => onProgress?.(before + done, surrogates.length * items.length),
    });
    views.push(viewOf(surrogate, logits, classes));
  }
  for (const view of views) check(view, target);
  return views;
}

const viewOf = (surrogate: Surrogate, clean: Float32Array, classes: number): SurrogateView => ({
  ...{ surrogate, models: 1, classes, clean },
  labels: labelsOf(clean, classes, surrogate.tampered),
});

/** What the gradient of a photo is would depend on those that it is computed together with. */
async function checkApart(surrogate: Surrogate, graphs?: Graphs): Promise<void> {
  const { mixing } = await batchOf(surrogate, graphs);
  if (mixing) throw new UsageError(`Nothing can be crafted on the model ${surrogate.id}: ${mixing}`);
}

function check({ surrogate: { id }, classes, clean }: SurrogateView, target: number | undefined): void {
  checkTarget(target, { id, classes });
  const bad = clean.find((value) => !Number.isFinite(value));
  if (bad !== undefined) {
    throw new UsageError(
      `The model ${id} gives ${bad} for a photo as it is. Check its card: mean, std and range; \`atlas models inspect\` shows the file.`,
    );
  }
  if (clean.every((value, i) => value === clean[i % classes])) {
    throw new UsageError(
      `The model ${id} gives every photo the same logits: it is constant, and nothing can fool it. Check the file, and the card's mean, std and range.`,
    );
  }
}

/** The most probable class of every row, of its first `among`. */
export function labelsOf(logits: Float32Array, classes: number, among = classes): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, row) => argmax(logits, row * classes, among));
}
