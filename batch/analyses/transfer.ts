/**
 * Transfer: a perturbation crafted on one model, measured on another. S.-M. Moosavi-Dezfooli, A. Fawzi, O. Fawzi, P.
 * Frossard, "Universal adversarial perturbations", CVPR 2017, arXiv 1610.08401, table 2.
 */
import type { Norm, TransferRow } from '#shared/release';
import { foolingShare, type Measurement } from './measure.ts';

export interface TransferCell {
  /** Id of the perturbation. */
  perturbation: string;
  /** Ids of the models it was crafted on; none for noise. */
  surrogates: readonly string[];
  target: string;
  attack: string;
  norm: Norm;
  epsilon: number;
  seed: number;
  /**
   * The target's predictions of the same photos: as they are, with the perturbation, and with the noise control of the
   * same bound and seed.
   */
  clean: Measurement;
  perturbed: Measurement;
  noise: Measurement;
  /** True class of each of these photos, null where it is not known. */
  truth: readonly (number | null)[];
}

/** One row of the transfer table. */
export function transferRow(cell: TransferCell): TransferRow {
  const { clean, perturbed } = cell;
  const fooling = foolingShare(clean, perturbed);
  const control = foolingShare(clean, cell.noise);
  const known = cell.truth.some((label) => label !== null);
  const right = cell.truth.flatMap((label, i) => (label !== null && clean.labels[i] === label ? [i] : []));
  const lost = right.filter((i) => perturbed.labels[i] !== clean.labels[i]).length;
  return {
    perturbation: cell.perturbation,
    surrogate: cell.surrogates.join('+') || 'none',
    target: cell.target,
    attack: cell.attack,
    norm: cell.norm,
    epsilon: cell.epsilon,
    seed: cell.seed,
    ...fooling,
    noise: control.ratio,
    noise_fooled: control.fooled,
    noise_low: control.low,
    noise_high: control.high,
    correct: known ? right.length : null,
    fooled_given_correct: right.length > 0 ? lost / right.length : null,
  };
}
