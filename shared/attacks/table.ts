import { suggestion, UsageError } from '#shared/errors';
import type { Attack } from './attack.ts';
import { type CraftOptions, checkOptions } from './check.ts';
import { cosineUap } from './cosine-uap.ts';
import { craftWith } from './craft.ts';
import { parseSettings } from './describe.ts';
import { dfUap } from './df-uap.ts';
import { gdUap } from './gd-uap.ts';
import { house } from './house.ts';
import { noiseAttack } from './noise.ts';
import { procedural } from './procedural.ts';
import { pspUap } from './psp-uap.ts';
import { sga } from './sga.ts';
import { sgdUap } from './sgd-uap.ts';
import { svUap } from './sv-uap.ts';
import { trmUap } from './trm-uap.ts';
import type { Crafted, CraftTask } from './types.ts';
import { uap } from './uap.ts';

/** Every attack, by name. */
export const attacks: ReadonlyMap<string, Attack> = new Map(
  [noiseAttack, uap, sgdUap, dfUap, cosineUap, sga, gdUap, svUap, procedural, pspUap, trmUap, house].map((attack) => [
    attack.name,
    attack,
  ]),
);

/** @throws UsageError with the nearest name when there is no such attack. */
export function findAttack(name: string): Attack {
  const found = attacks.get(name);
  if (found) return found;
  throw new UsageError(
    `There is no attack "${name}".${suggestion(name, attacks.keys())} The attacks are ${[...attacks.keys()].join(', ')}.`,
  );
}

/**
 * Finds an attack, fills in its settings, and checks all that it is to be run with: epsilon against norm and units,
 * seed, budget, how many surrogates, target against their classes, how many photos. The words are the same for a study,
 * the command line and a program.
 *
 * @throws UsageError for the first thing that is wrong.
 */
export function checkCraft({
  attack: name,
  settings: given,
  ...options
}: CraftOptions & { attack: string; settings?: Record<string, unknown> }): {
  attack: Attack;
  /** With defaults filled in. */
  settings: Record<string, unknown>;
} {
  const attack = findAttack(name);
  const settings = parseSettings(attack, given);
  const ensembles = [...attacks.values()].filter(({ usesModel, ensembles }) => usesModel && ensembles);
  checkOptions(
    attack,
    settings,
    options,
    ensembles.map(({ name }) => name),
  );
  return { attack, settings };
}

/**
 * Crafts one perturbation with the attack of that name; see `craftWith`.
 * @throws UsageError as `checkCraft`, for fewer than two photos, and for a surrogate that nothing can be crafted on.
 */
export async function craft(
  task: Omit<CraftTask, 'seed'> & { attack: string; settings?: Record<string, unknown>; seed?: number },
): Promise<Crafted & { settings: Record<string, unknown> }> {
  const { seed = 1 } = task;
  const { attack, settings } = checkCraft({ ...task, seed, canvas: task.photos.size, photos: task.crafting.length });
  return { ...(await craftWith(attack, settings, { ...task, seed })), settings };
}
