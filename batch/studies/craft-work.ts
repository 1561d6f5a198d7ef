import { gradientLimit } from '#shared/attacks';
import type { Budget } from '#shared/release';
import { noWork, type Work } from '../jobs/index.ts';

interface PlannedCraft {
  /** Ids of models. */
  surrogates: readonly string[];
  /** null for an attack that uses no model. */
  budget: Budget | null;
  /** Side of the canvas in pixels. */
  canvas: number;
  /** Photos that it is crafted on. */
  photos: number;
  /** Whether it is known what the models say of them as they are. */
  isKnown: boolean;
}

/** How much work a craft is, as far as its budget tells: of a fooling ratio the most that it can take. */
export function craftWork({ surrogates, budget, canvas, photos, isKnown }: PlannedCraft): Work {
  if (!budget) return noWork;
  const { seconds, fooling } = budget;
  return {
    // Clean predictions of every photo, mirrored too, and at the end those of the perturbed ones.
    forwards: (isKnown ? 1 : 3) * photos * surrogates.length,
    gradients: gradientLimit(budget) ?? 0,
    photos: 0,
    ...(seconds !== undefined && { seconds }),
    ...(fooling !== undefined && { atMost: true }),
    on: `${surrogates.join('+')} ${canvas}`,
  };
}
