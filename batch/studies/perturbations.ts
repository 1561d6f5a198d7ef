import { type Budget, defaultBudget, type Norm, perturbationId } from '#shared/release';
import type { StudyPerturbation } from '../analyses/index.ts';
import { type Attack, checkCraft, controlRecipe, findAttack, isControl } from '../attacks/index.ts';
import { UsageError } from '../errors/index.ts';
import type { LoadedStudy } from './load.ts';

export interface PlannedPerturbation extends StudyPerturbation {
  method: Attack;
  /** With defaults filled in. */
  settings: Record<string, unknown>;
  /** null for an attack that uses no model. */
  budget: Budget | null;
  /** Id of the noise that it is read beside: of the same bound and seed. */
  control: string;
}

export interface PlannedPerturbations {
  perturbations: PlannedPerturbation[];
  /** The noise controls that are none of the perturbations. They are measured and not published. */
  controls: PlannedPerturbation[];
}

/**
 * Every perturbation of a study, and the controls they need.
 * @throws UsageError for an unknown attack or setting, and where two perturbations would have the same id.
 */
export function planPerturbations({ study, models }: Pick<LoadedStudy, 'study' | 'models'>): PlannedPerturbations {
  const perturbations: PlannedPerturbation[] = [];
  for (const wanted of study.perturbations) {
    const attack = findAttack(wanted.attack);
    const surrogates = attack.usesModel
      ? (wanted.surrogates?.map((one) => one.split('+')) ?? models.map(({ card }) => [card.id]))
      : [[]];
    for (const crafted of surrogates) {
      const cards = models.map(({ card }) => card).filter(({ id }) => crafted.includes(id));
      const { settings } = checkCraft({ ...wanted, canvas: study.canvas, surrogates: cards });
      for (const seed of wanted.seeds) {
        const { norm, epsilon } = wanted;
        const of = { attack: attack.name, norm, epsilon, seed };
        perturbations.push({
          id: perturbationId({ ...of, surrogates: crafted }),
          ...of,
          ...{ method: attack, settings },
          surrogates: crafted,
          budget: attack.usesModel ? (wanted.budget ?? defaultBudget) : null,
          control: controlId(of),
        });
      }
    }
  }
  const ids = new Set<string>();
  for (const { id } of perturbations) {
    if (ids.has(id)) {
      throw new UsageError(
        `The study has two perturbations of the id ${id}: the same surrogate, attack, bound and seed. Give one of them another seed, or take it out.`,
      );
    }
    ids.add(id);
  }
  return { perturbations, controls: controlsOf(perturbations) };
}

const controlId = (of: { norm: Norm; epsilon: number; seed: number }) =>
  perturbationId({ ...of, attack: controlRecipe.attack, surrogates: [] });

/**
 * The study's own noise is the control where it is the plain one: random signs, or a random direction. Points every
 * perturbation to its control.
 */
function controlsOf(perturbations: PlannedPerturbation[]): PlannedPerturbation[] {
  const { attack, settings } = controlRecipe;
  const method = findAttack(attack);
  const own = new Map(perturbations.map((perturbation) => [perturbation.id, perturbation]));
  const controls = new Map<string, PlannedPerturbation>();
  for (const perturbation of perturbations) {
    const { norm, epsilon, seed } = perturbation;
    const plain = own.get(controlId(perturbation));
    if (plain && isControl(plain.attack, plain.settings)) continue;
    // Noise of another distribution has the name already.
    if (plain) perturbation.control = controlId(perturbation).replace(attack, 'control');
    const { control: id } = perturbation;
    const of = { attack, method, settings, norm, epsilon, seed };
    controls.set(id, { id, ...of, surrogates: [], budget: null, control: id });
  }
  return [...controls.values()];
}
