import { type Attack, blocksRecipe, checkCraft, controlRecipe, findAttack, isControl } from '#shared/attacks';
import { UsageError } from '#shared/errors';
import { type Budget, defaultBudget, givenAttack, type Norm, perturbationId, type Study } from '#shared/release';
import { isPattern, type StudyPerturbation } from '../analyses/index.ts';
import type { Given } from './given.ts';
import type { LoadedStudy } from './load.ts';

export interface PlannedPerturbation extends StudyPerturbation {
  /** null where others made it. */
  method: Attack | null;
  /** What others made. */
  given?: Given;
  /** With defaults filled in. */
  settings: Record<string, unknown>;
  /** null for an attack that uses no model. */
  budget: Budget | null;
  /** How many of the crafting photos it is crafted on, 0 for drawn pictures; null for all. */
  photos: number | null;
  /** Id of the noise that it is read beside: of the same bound and seed. */
  control: string;
  /** Ids of further patterns without structure that it is held against; none for one that no model took part in. */
  draws: { kind: 'noise' | 'blocks'; id: string }[];
}

export interface PlannedPerturbations {
  perturbations: PlannedPerturbation[];
  /** The noise controls that are none of the perturbations. They are measured and not published. */
  controls: PlannedPerturbation[];
  /** All that `draws` names besides. */
  draws: PlannedPerturbation[];
}

/**
 * Every perturbation of a study, and the controls they need.
 * @throws UsageError for an unknown attack or setting, and where two perturbations would have the same id.
 */
export function planPerturbations({
  study,
  models,
  hardened,
  given,
}: Pick<LoadedStudy, 'study' | 'models' | 'hardened' | 'given'>): PlannedPerturbations {
  const perturbations: PlannedPerturbation[] = given.map(plannedGiven);
  for (const entry of study.perturbations) {
    if ('file' in entry) continue;
    const { photos, ...wanted } = entry;
    const attack = findAttack(wanted.attack);
    const surrogates = attack.usesModel
      ? (wanted.surrogates?.map((one) => one.split('+')) ?? models.map(({ card }) => [card.id]))
      : [[]];
    for (const crafted of surrogates) {
      const cards = [...models, ...hardened].map(({ card }) => card).filter(({ id }) => crafted.includes(id));
      const { settings } = checkCraft({ ...wanted, canvas: study.canvas, surrogates: cards });
      for (const seed of wanted.seeds) {
        const { norm, epsilon } = wanted;
        const of = { attack: attack.name, norm, epsilon, seed };
        const made = {
          ...{ ...of, settings, surrogates: crafted },
          budget: attack.usesModel ? (wanted.budget ?? defaultBudget) : null,
          photos: attack.usesModel ? (photos ?? null) : null,
        };
        perturbations.push({
          ...made,
          id: perturbationId({ ...of, surrogates: crafted, photos: made.photos ?? undefined }),
          recipe: recipeOf(made),
          method: attack,
          ...{ control: controlId(of), draws: [] },
        });
      }
    }
  }
  const ids = new Set<string>();
  for (const { id } of perturbations) {
    if (ids.has(id)) {
      throw new UsageError(
        `The study has two perturbations of the id ${id}: the same surrogate, attack, bound and seed, or the same file name. Give one of them another seed or "id", or take it out.`,
      );
    }
    ids.add(id);
  }
  return { perturbations, ...controlsOf(perturbations, study.effort) };
}

/** The seed of what a perturbation of others is held against. */
const seedOfGiven = 1;

function plannedGiven(given: Given): PlannedPerturbation {
  const { id, norm, epsilon, wanted } = given;
  const of = { attack: givenAttack, norm, epsilon, seed: seedOfGiven };
  return {
    ...{ id, ...of, recipe: id, method: null, given, settings: {}, surrogates: [] },
    ...{ budget: null, photos: null, control: controlId(of), draws: [] },
    ...(!wanted.publish && { unpublished: true as const }),
  };
}

/** The same, crafted on so many photos. */
export function onPhotos(planned: PlannedPerturbation, photos: number): PlannedPerturbation {
  const id = perturbationId({ ...planned, surrogates: [...planned.surrogates], photos });
  return { ...planned, id, photos, recipe: recipeOf({ ...planned, photos }) };
}

/** The same, crafted on one other network. */
export function craftedOn(planned: PlannedPerturbation, surrogate: string): PlannedPerturbation {
  const on = { ...planned, surrogates: [surrogate] };
  const id = perturbationId({ ...on, photos: on.photos ?? undefined });
  return { ...on, id, recipe: recipeOf(on) };
}

type Made = Pick<PlannedPerturbation, 'attack' | 'settings' | 'norm' | 'epsilon' | 'surrogates' | 'budget' | 'photos'>;
const recipeOf = ({ attack, settings, norm, epsilon, surrogates, budget, photos }: Made) =>
  JSON.stringify({ attack, settings, norm, epsilon, surrogates, budget, photos });

const controlId = ({ norm, epsilon, seed }: { norm: Norm; epsilon: number; seed: number }) =>
  perturbationId({ norm, epsilon, seed, attack: controlRecipe.attack, surrogates: [] });

/**
 * Draws of the noise that a perturbation is held against: of its own seed and those that follow; of a light study those
 * of the lowest seed of its bound, so that all of the bound are held against the same.
 */
const noiseDraws = 3;

/** Points every perturbation to its control and to what else it is held against. */
function controlsOf(
  perturbations: PlannedPerturbation[],
  effort: Study['effort'],
): Pick<PlannedPerturbations, 'controls' | 'draws'> {
  const own = new Map(perturbations.map((perturbation) => [perturbation.id, perturbation]));
  const controls = new Map<string, PlannedPerturbation>();
  const draws = new Map<string, PlannedPerturbation>();
  const keep = (planned: PlannedPerturbation, where: Map<string, PlannedPerturbation>) => {
    if (!own.has(planned.id) && !controls.has(planned.id)) where.set(planned.id, planned);
    return planned.id;
  };
  for (const perturbation of perturbations) perturbation.control = keep(noiseOf(perturbation, own), controls);
  for (const perturbation of perturbations) {
    if (isPattern(perturbation)) continue;
    const { norm, epsilon } = perturbation;
    const isAlike = (one: Bound) => one.norm === norm && one.epsilon === epsilon;
    const alike = effort === 'light' ? perturbations.filter((one) => !isPattern(one) && isAlike(one)) : [perturbation];
    const seed = Math.min(...alike.map((one) => one.seed));
    for (let draw = 0; draw < noiseDraws; draw++) {
      const id = keep(noiseOf({ norm, epsilon, seed: seed + draw }, own), draws);
      perturbation.draws.push({ kind: 'noise', id });
    }
    perturbation.draws.push({ kind: 'blocks', id: keep(blocksOf({ norm, epsilon, seed }), draws) });
  }
  return { controls: [...controls.values()], draws: [...draws.values()] };
}

type Bound = Pick<PlannedPerturbation, 'norm' | 'epsilon' | 'seed'>;

/** The noise of a bound and seed. The study's own is it where that is the plain one: signs, or a random direction. */
function noiseOf(bound: Bound, own: ReadonlyMap<string, PlannedPerturbation>): PlannedPerturbation {
  const id = controlId(bound);
  const plain = own.get(id);
  if (plain && isControl(plain.attack, plain.settings)) return plain;
  // Noise of another distribution has the name already.
  return drawn(controlRecipe, bound, plain ? id.replace(controlRecipe.attack, 'control') : id);
}

const blocksOf = (bound: Bound) => drawn(blocksRecipe, bound, controlId(bound).replace(controlRecipe.attack, 'blocks'));

const drawn = (
  { attack, settings }: { attack: string; settings: Record<string, unknown> },
  { norm, epsilon, seed }: Bound,
  id: string,
): PlannedPerturbation => ({
  ...{ id, attack, method: findAttack(attack), settings, norm, epsilon, seed },
  ...{ surrogates: [], budget: null, photos: null, control: id, draws: [] },
  recipe: recipeOf({ attack, settings, norm, epsilon, surrogates: [], budget: null, photos: null }),
});
