import { l2Norm, linfNorm } from '#shared/images';
import type { Budget, Norm } from '#shared/release';
import { citation } from './describe.ts';
import { findAttack } from './table.ts';
import type { Crafted } from './types.ts';

/** How one perturbation was crafted by itself, outside of a study. */
export interface CraftFacts {
  attack: string;
  norm: Norm;
  /** In units of 0..255. */
  epsilon: number;
  seed: number;
  budget: Budget;
  /** Hashes of the file as its makers published it, and of the prepared graph. */
  surrogates: readonly { id: string; sha256: string; prepared: string }[];
  /** Side of the canvas in pixels. */
  canvas: number;
  /** Where photos were taken as they are. */
  fit?: 'exact';
  /** The set that was crafted on; `fingerprints`, so that `evaluate` knows its photos again. */
  crafting: { photos: number; skipped: number; sha256: string; fingerprints: readonly (string | null)[] };
  provider: string;
}

/**
 * The record beside a perturbation (`craft.json`): what made it, and what it does to the photos it was crafted on. The
 * command line and the page write the same, and `atlas evaluate` and studies read it.
 */
export function craftRecord(facts: CraftFacts, crafted: Crafted & { settings: Record<string, unknown> }) {
  const { paper, usesModel } = findAttack(facts.attack);
  const several = facts.surrogates.length > 1;
  return {
    attack: facts.attack,
    paper: citation(paper),
    settings: crafted.settings,
    norm: facts.norm,
    epsilon: facts.epsilon,
    seed: facts.seed,
    budget: usesModel ? facts.budget : null,
    surrogates: facts.surrogates,
    canvas: facts.canvas,
    ...(facts.fit && { fit: facts.fit }),
    crafting: facts.crafting,
    provider: facts.provider,
    seconds: crafted.seconds,
    gradients: crafted.gradients,
    curve: crafted.curve,
    linf: linfNorm(crafted.v),
    l2: l2Norm(crafted.v),
    fooling: { crafting: crafted.fooling, ...(several && { each: crafted.each.fooling }) },
    ...(crafted.success && {
      target: {
        ...{ class: crafted.settings.target, crafting: crafted.success },
        ...(several && { each: crafted.each.success }),
      },
    }),
  };
}
