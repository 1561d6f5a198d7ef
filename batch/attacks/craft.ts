import { budget as budgetSchema, norm as normSchema } from '#shared/release';
import { UsageError } from '../errors/index.ts';
import type { Attack } from './attack.ts';
import { drive } from './drive.ts';
import type { Crafted, CraftTask } from './types.ts';

/**
 * Crafts one perturbation. The same inputs and seed give the same bytes on one provider, however many workers there
 * are; a budget in seconds does not.
 *
 * @param settings As `parseSettings` gives them: with defaults filled in.
 * @throws UsageError for fewer than two photos, and for a bound or surrogates that cannot be crafted with.
 */
export async function craftWith(attack: Attack, settings: Record<string, unknown>, task: CraftTask): Promise<Crafted> {
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
  return drive({ ...task, surrogates, norm }, attack, settings);
}
