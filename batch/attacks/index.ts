/** The attacks, one file each, and the one way to run them. */
import { z } from 'zod';
import { budget as budgetSchema, norm as normSchema } from '#shared/release';
import { suggestion, UsageError } from '../errors/index.ts';
import type { Attack, Paper } from './attack.ts';
import { cosineUap } from './cosine-uap.ts';
import { dfUap } from './df-uap.ts';
import { drive } from './drive.ts';
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

export type { Attack, Paper } from './attack.ts';
export { noiseControl } from './noise.ts';
export type { Checkpoints, Crafted, CraftProgress, CraftTask, CurvePoint, Surrogate } from './types.ts';

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
 * The settings of an attack with its defaults filled in. @throws UsageError naming the setting that is unknown or
 * wrong.
 */
export function parseSettings(attack: Attack, settings: Record<string, unknown> = {}): Record<string, unknown> {
  const known = Object.keys(attack.settings.shape);
  for (const name of Object.keys(settings)) {
    if (known.includes(name)) continue;
    throw new UsageError(
      `The attack ${attack.name} has no setting "${name}".${suggestion(name, known)} Its settings are ${known.join(', ')}.`,
    );
  }
  const parsed = attack.settings.safeParse(settings);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(
    `The setting "${issue.path.join('.')}" of ${attack.name} is wrong: ${issue.message}. \`atlas attacks describe ${attack.name}\` shows what it takes.`,
  );
}

/** One line: authors, "title", venue or year, arXiv id. */
export function citation(paper: Paper | null): string {
  if (!paper) return 'none';
  const where = paper.venue
    ? paper.venue.includes(`${paper.year}`) || /\d{4}/.test(paper.venue)
      ? paper.venue
      : `${paper.venue} ${paper.year}`
    : `${paper.year}`;
  return `${paper.authors}, "${paper.title}", ${where}${paper.arxiv ? `, arXiv ${paper.arxiv}` : ''}`;
}

/**
 * Crafts one perturbation. The same inputs and seed give the same bytes on one provider, however many workers there
 * are; a budget in seconds does not.
 *
 * @throws UsageError for an unknown attack or setting, or for fewer than two photos.
 */
export async function craft(
  task: Omit<CraftTask, 'seed'> & { attack: string; settings?: Record<string, unknown>; seed?: number },
): Promise<Crafted & { settings: Record<string, unknown> }> {
  const attack = findAttack(task.attack);
  const settings = parseSettings(attack, task.settings);
  const norm = normSchema.parse(task.norm);
  if (!(Number.isFinite(task.epsilon) && task.epsilon > 0))
    throw new UsageError(`Epsilon is ${task.epsilon}, and must be a positive number in units of 0..255.`);
  if (attack.usesModel) {
    if (task.surrogates.length === 0)
      throw new UsageError(`The attack ${attack.name} needs a model to craft on. Give one with --model.`);
    if (task.surrogates.length > 1 && !attack.ensembles) {
      throw new UsageError(
        `The attack ${attack.name} crafts on one model, and ${task.surrogates.length} were given. Give one, or use another attack: house, cosine-uap.`,
      );
    }
    if (task.crafting.length < 2) {
      throw new UsageError(
        `A universal perturbation needs at least 2 photos to craft on, and there ${task.crafting.length === 1 ? 'is 1' : 'are none'}. Give more photos; 100 and more work well.`,
      );
    }
    budgetSchema.parse(task.budget);
  }
  task.signal?.throwIfAborted();
  // What no model has a part in looks at none, whatever was given.
  const surrogates = attack.usesModel ? task.surrogates : [];
  const crafted = await drive({ ...task, surrogates, norm, seed: task.seed ?? 1 }, attack, settings);
  return { ...crafted, settings };
}

/** The settings of an attack for people and scripts: name, default, meaning. */
export function describeSettings(
  attack: Attack,
): { name: string; default: unknown; description: string; schema: unknown }[] {
  const { properties = {} } = z.toJSONSchema(attack.settings, { io: 'input' });
  return Object.entries(properties as Record<string, Record<string, unknown>>).map(([name, property]) => {
    const { description = '', default: fallback = null, ...schema } = property;
    return { name, default: fallback, description: String(description), schema };
  });
}
