import { basename } from 'node:path';
import { citation } from '#shared/attacks';
import type { Study } from '#shared/release';
import { controls, dominance, type Finding, type Target, transfer } from '../analyses/index.ts';
import type { Job } from '../jobs/index.ts';
import type { PlannedPerturbation } from './perturbations.ts';
import type { Planner } from './planner.ts';
import type { ReleaseInputs } from './steps/content.ts';
import { type ReleaseResult, releaseStep } from './steps/release.ts';

/**
 * The job that builds a study's release.
 * @param findings Those whose tables it has.
 */
export function plannedRelease(planner: Planner, findings: readonly Finding[]): Job<ReleaseResult> {
  const { study, credits, models, hardened } = planner.study;
  const { photos, provider, release } = planner.options;
  return releaseStep({
    id: study.id,
    inputs: {
      study: { ...study, perturbations: study.perturbations.map(withoutFolders) },
      models: [
        ...models.map(({ card, labels }) => ({ card, labels, prepared: planner.prepared(card.id) })),
        ...hardened.map(({ card, labels }) => ({ card, labels, prepared: planner.prepared(card.id) })),
      ],
      credits: [...credits.values()],
      files: photos.files.evaluation,
      ...{ crafting: planner.crafting, evaluation: planner.evaluation },
      perturbations: planner.perturbations
        .filter(({ unpublished }) => !unpublished)
        .map((planned) => released(planner, planned)),
      unpublished: planner.perturbations.filter(({ unpublished }) => unpublished).map(summaryOf),
      ...{ transfer: planner.finding(transfer), dominance: planner.finding(dominance) },
      controls: findings.includes(controls) ? planner.finding(controls) : null,
      tables: findings.map((finding) => planner.finding(finding)),
      provider,
    },
    place: { folder: release, photos },
  });
}

/** Where the files of others lie on this disk is nobody's business. */
const withoutFolders = (one: Study['perturbations'][number]) =>
  'file' in one ? { ...one, file: basename(one.file) } : one;

function summaryOf({ id, attack, norm, epsilon, seed, surrogates, given }: PlannedPerturbation) {
  const credit = given?.wanted.credit;
  return { id, attack, norm, epsilon, seed, surrogates: [...surrogates], ...(credit && { credit }) };
}

function released(planner: Planner, planned: PlannedPerturbation): ReleaseInputs['perturbations'][number] {
  const { method, budget, given } = planned;
  const { credit, ...summary } = summaryOf(planned);
  const { surrogates } = summary;
  const shownOn = surrogates[0] ?? planner.models[0].id;
  const target = planner.targets.find((model) => model.id === shownOn) as Target;
  return {
    ...{ ...summary, budget, paper: method ? citation(method.paper) : (credit?.paper ?? 'not said') },
    ...(given && { given: { credit, file: given.sha256.file } }),
    ...{ crafted: planner.crafted(planned), distortion: planner.distortion(planned) },
    example: {
      target: target.id,
      clean: planner.measured(target, null),
      perturbed: planner.measured(target, planned),
    },
  };
}
