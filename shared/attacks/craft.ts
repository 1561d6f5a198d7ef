import type { Attack } from './attack.ts';
import { checkPhotos } from './check.ts';
import { drive } from './drive.ts';
import type { Crafted, CraftTask } from './types.ts';

/**
 * Crafts one perturbation. The same inputs and seed give the same bytes on one provider, however many workers there
 * are; a budget in seconds does not.
 *
 * @param settings As `checkCraft` gives them, which has checked all else too: with defaults filled in.
 * @throws UsageError for fewer than two photos, and for a surrogate that nothing can be crafted on.
 */
export async function craftWith(attack: Attack, settings: Record<string, unknown>, task: CraftTask): Promise<Crafted> {
  if (attack.usesModel) checkPhotos(task.crafting.length);
  task.signal?.throwIfAborted();
  // What no model has a part in looks at none, whatever was given.
  const surrogates = attack.usesModel ? task.surrogates : [];
  return drive({ ...task, surrogates }, attack, settings);
}
