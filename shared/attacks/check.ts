/** What a craft may be asked for: checked here once, in the same words for a study, the command line and a program. */

import { UsageError } from '#shared/errors';
import { type Budget, budget as budgetSchema, epsilonRange, type Norm } from '#shared/release';

export interface CraftOptions {
  norm: Norm;
  /** In units of 0..255. */
  epsilon: number;
  /** Side of the canvas in pixels: bounds of norm 2 grow with it. */
  canvas: number;
  seed?: number;
  /** Left out where it is not known yet; null for an attack that uses no model. */
  budget?: Budget | null;
  /** The models to craft on, with their number of classes where it is known. */
  surrogates: readonly { id: string; classes?: number }[];
  /** How many photos there are to craft on, where that is known. */
  photos?: number;
}

/**
 * Checks all that an attack is to be run with, settings included.
 *
 * @param settings As the attack parsed them.
 * @param ensembles Names of attacks that craft on several models, for the remedy.
 * @throws UsageError for the first thing that is wrong.
 */
export function checkOptions(
  attack: { name: string; usesModel: boolean; ensembles: boolean },
  settings: Record<string, unknown>,
  { norm, epsilon, canvas, seed, budget, surrogates, photos }: CraftOptions,
  ensembles: readonly string[],
): void {
  checkEpsilon(epsilon, norm, canvas);
  if (seed !== undefined) checkSeed(seed);
  if (!attack.usesModel) return;
  if (budget) checkBudget(budget);
  if (surrogates.length === 0) {
    throw new UsageError(
      `The attack ${attack.name} needs a model to craft on, and none is given. Name one: --model on the command line, "surrogates" in a study; \`atlas models list\` shows the zoo.`,
    );
  }
  if (surrogates.length > 1 && !attack.ensembles) {
    throw new UsageError(
      `The attack ${attack.name} crafts on one model, and ${surrogates.length} are given. Give one, or use an attack that takes several: ${ensembles.join(', ')}.`,
    );
  }
  for (const { id, classes } of surrogates) {
    if (classes !== undefined) checkTarget(settings.target, { id, classes });
  }
  if (photos !== undefined) checkPhotos(photos);
}

/** @throws UsageError for fewer than two photos to craft on. */
export function checkPhotos(photos: number): void {
  if (photos >= 2) return;
  throw new UsageError(
    `A universal perturbation needs at least 2 photos to craft on, and there ${photos === 1 ? 'is 1' : 'are none'}. Give more photos; 100 and more work well.`,
  );
}

/** @throws UsageError for an epsilon in another unit, or larger than any picture. */
export function checkEpsilon(epsilon: number, norm: Norm, canvas: number): void {
  const { least, usual, most } = epsilonRange(norm, canvas);
  const on = norm === '2' ? ` on a canvas of ${canvas} x ${canvas} pixels` : '';
  if (!Number.isFinite(epsilon))
    throw new UsageError(`Epsilon is ${epsilon}, and must be a positive number in units of 0..255, such as ${usual}.`);
  if (epsilon < 1) {
    const meant = norm === 'inf' && epsilon * 255 >= 1 ? Math.round(epsilon * 255) : usual;
    throw new UsageError(
      `Epsilon ${epsilon} is too small to survive rounding to whole pixel values: epsilon is in units of 0..255. Did you mean ${meant}?`,
    );
  }
  if (epsilon > most) {
    throw new UsageError(
      `Epsilon ${epsilon} is larger than any picture under norm ${norm}${on}. The usual bound is ${usual}.`,
    );
  }
  if (epsilon < least) {
    throw new UsageError(
      `Epsilon ${epsilon} under norm 2 is the length of all of v, and spread over a canvas of ${canvas} x ${canvas} pixels it vanishes in rounding. Did you mean ${usual}, or norm inf?`,
    );
  }
}

/** @throws UsageError when a model has no class of that index. */
export function checkTarget(target: unknown, { id, classes }: { id: string; classes: number }): void {
  if (typeof target === 'number' && target >= classes) {
    throw new UsageError(
      `The target ${target} is no class of ${id}, which has the classes 0 to ${classes - 1}. Choose one of these; \`atlas models show ${id}\` says where their names are.`,
    );
  }
}

/** @throws UsageError for a budget that names nothing, or a number that is none. */
export function checkBudget(budget: Budget): void {
  const parsed = budgetSchema.safeParse(budget);
  if (parsed.success) return;
  const [{ path, message }] = parsed.error.issues;
  const given = path.length > 0 ? `, not ${budget[path[0] as keyof Budget]}` : '';
  throw new UsageError(`The budget is wrong: ${[...path, message].join(' ')}${given}.`);
}

function checkSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new UsageError(`The seed ${seed} is no whole number from 0 to ${2 ** 32 - 1}. Choose one, such as 1.`);
}
