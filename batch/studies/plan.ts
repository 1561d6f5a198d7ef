import { type Budget, type Norm, perturbationId } from '#shared/release';
import { checkCraft, findAttack, parseSettings } from '../attacks/index.ts';
import { UsageError } from '../errors/index.ts';
import type { LoadedStudy } from './load.ts';

/** Where a study gives no budget: plain crafting on a hundred and more photos has levelled out by then. */
export const defaultBudget: Budget = { gradients: 2000 };

export interface PlannedPerturbation {
  id: string;
  attack: string;
  /** With defaults filled in. */
  settings: Record<string, unknown>;
  norm: Norm;
  epsilon: number;
  seed: number;
  /** Ids of models; none for an attack that uses no model. */
  surrogates: string[];
  /** null for an attack that uses no model. */
  budget: Budget | null;
  /** Id of the noise that it is read beside: of the same bound and seed. */
  control: string;
}

export interface Plan {
  perturbations: PlannedPerturbation[];
  /** The noise controls that are none of the perturbations. They are measured and not published. */
  controls: PlannedPerturbation[];
}

/**
 * Every perturbation of a study, and the controls they need.
 * @throws UsageError for an unknown attack or setting, and where two perturbations would have the same id.
 */
export function planStudy({ study, models }: Pick<LoadedStudy, 'study' | 'models'>): Plan {
  const perturbations: PlannedPerturbation[] = [];
  for (const wanted of study.perturbations) {
    const attack = findAttack(wanted.attack);
    const settings = parseSettings(attack, wanted.settings);
    const surrogates = attack.usesModel
      ? (wanted.surrogates?.map((one) => one.split('+')) ?? models.map(({ card }) => [card.id]))
      : [[]];
    for (const crafted of surrogates) {
      checkCraft({ ...wanted, surrogates: models.map(({ card }) => card).filter(({ id }) => crafted.includes(id)) });
      for (const seed of wanted.seeds) {
        const { norm, epsilon } = wanted;
        const of = { attack: attack.name, norm, epsilon, seed };
        perturbations.push({
          id: perturbationId({ ...of, surrogates: crafted }),
          ...of,
          settings,
          surrogates: crafted,
          budget: attack.usesModel ? (wanted.budget ?? defaultBudget) : null,
          control: controlId(of),
        });
      }
    }
  }
  const ids = perturbations.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice) {
    throw new UsageError(
      `The study has two perturbations of the id ${twice}: the same surrogate, attack, bound and seed. Give one of them another seed, or take it out.`,
    );
  }
  return { perturbations, controls: controlsOf(perturbations) };
}

const controlId = (of: { norm: Norm; epsilon: number; seed: number }) =>
  perturbationId({ ...of, attack: 'noise', surrogates: [] });

/**
 * The study's own noise is the control where it is the plain one: random signs, or a random direction. Points every
 * perturbation to its control.
 */
function controlsOf(perturbations: PlannedPerturbation[]): PlannedPerturbation[] {
  const controls = new Map<string, PlannedPerturbation>();
  for (const perturbation of perturbations) {
    const { norm, epsilon, seed } = perturbation;
    const own = perturbations.find(({ id }) => id === controlId(perturbation));
    if (own && own.settings.distribution === undefined) continue;
    // Noise of another distribution has the name already.
    if (own) perturbation.control = controlId(perturbation).replace(/^noise/, 'control');
    const { control: id } = perturbation;
    const of = { attack: 'noise', norm, epsilon, seed };
    controls.set(id, { id, ...of, settings: {}, surrogates: [], budget: null, control: id });
  }
  return [...controls.values()];
}
