/**
 * Transfer: a perturbation crafted on one model, measured on another. S.-M. Moosavi-Dezfooli, A. Fawzi, O. Fawzi, P.
 * Frossard, "Universal adversarial perturbations", CVPR 2017, arXiv 1610.08401, table 2.
 */
import { wilson } from '#shared/metrics';
import type { Norm, TransferRow } from '#shared/release';
import { common, interval, intervalWhereKnown } from './columns.ts';
import { finding, surrogateOf } from './finding.ts';
import { cellsOf, truthOf, wholeGridOf } from './grid.ts';
import { changedBy, foolingOf, type Measurement, tamperedIn } from './measurement.ts';

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

type Row = Required<TransferRow>;

/** One row of the transfer table. */
export function transferRow(cell: TransferCell): Row {
  const { clean, perturbed } = cell;
  const fooling = foolingOf(clean, perturbed);
  const control = foolingOf(clean, cell.noise);
  const labelled = cell.truth.filter((label) => label !== null).length;
  const right = cell.truth.flatMap((label, i) => (label !== null && clean.labels[i] === label ? [i] : []));
  const lost = lostOf(right, clean, perturbed);
  const lostToNoise = lostOf(right, clean, cell.noise);
  return {
    perturbation: cell.perturbation,
    surrogate: surrogateOf(cell),
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
    correct: labelled > 0 ? right.length : null,
    fooled_given_correct: lost?.ratio ?? null,
    fooled_given_correct_low: lost?.low ?? null,
    fooled_given_correct_high: lost?.high ?? null,
    noise_given_correct: lostToNoise?.ratio ?? null,
    noise_given_correct_low: lostToNoise?.low ?? null,
    noise_given_correct_high: lostToNoise?.high ?? null,
    labelled,
    tampered: tamperedIn(perturbed),
  };
}

/** Of photos that are labelled correctly, the share that is fooled; null where there are none. */
function lostOf(right: readonly number[], clean: Measurement, changed: Measurement) {
  if (right.length === 0) return null;
  const fooled = changedBy(clean, changed);
  return wilson(right.filter((i) => fooled[i]).length, right.length);
}

export const transfer = finding({
  name: 'transfer',
  title: 'Every perturbation on every model',
  source: import.meta.url,
  byDefault: true,
  isMain: true,
  columns: [
    common.perturbation,
    common.surrogate,
    { name: 'target', type: 'STRING', description: 'Model it was tried on' },
    common.attack,
    common.norm,
    common.epsilon,
    common.seed,
    common.photos,
    {
      name: 'fooled',
      type: 'INT32',
      description:
        'Photos whose predicted label changed; on a hardened network to another one than "non-natural or tampered with"',
    },
    { name: 'ratio', type: 'DOUBLE', description: 'Fooling ratio: fooled / photos' },
    ...interval('low', 'high'),
    { name: 'noise', type: 'DOUBLE', description: 'Fooling ratio of random noise of the same bound' },
    { name: 'noise_fooled', type: 'INT32', description: 'Photos that the noise fooled' },
    ...interval('noise_low', 'noise_high'),
    {
      name: 'correct',
      type: 'INT32',
      nullable: true,
      description: 'Photos that the target labels correctly without the perturbation; null where no photo has a label',
    },
    {
      name: 'fooled_given_correct',
      type: 'DOUBLE',
      nullable: true,
      description: 'Share of those that are fooled with it: no longer labelled correctly, nor as tampered with',
    },
    ...intervalWhereKnown('fooled_given_correct_low', 'fooled_given_correct_high'),
    {
      name: 'noise_given_correct',
      type: 'DOUBLE',
      nullable: true,
      description: 'The same share for the random noise of the same bound',
    },
    ...intervalWhereKnown('noise_given_correct_low', 'noise_given_correct_high'),
    { name: 'labelled', type: 'INT32', description: 'Evaluation photos whose true class is known' },
    {
      name: 'tampered',
      type: 'INT32',
      nullable: true,
      description:
        'Photos that a hardened network calls "non-natural or tampered with": they do not count as fooled; null for other targets',
    },
  ],
  needs: wholeGridOf,
  async rows(grid) {
    const rows: Row[] = [];
    for await (const { perturbation, target, ...predictions } of cellsOf(grid)) {
      const { id, surrogates, attack, norm, epsilon, seed } = perturbation;
      const truth = truthOf(grid.evaluation.result.names, target, grid.classes);
      rows.push(
        transferRow({
          ...{ perturbation: id, surrogates, attack, norm, epsilon, seed, target: target.id, truth },
          ...predictions,
        }),
      );
    }
    return rows;
  },
});
