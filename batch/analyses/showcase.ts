/**
 * Which photos show the flaw best: read rightly and surely by every model, fooled by the perturbations crafted on each,
 * and not by noise; and one that resists, so that it is seen that some do. They are for looking at. No figure is made
 * from them, and they are chosen by what perturbations do to them.
 */
import { imageNetGroups, labelOf } from '#shared/metrics';
import { defineStep, type Job } from '../jobs/index.ts';
import { isPattern, type StudyJobs } from './finding.ts';
import { readMeasurement } from './outputs.ts';
import { type ShowcaseResult, showcaseResult } from './swept.ts';

/** What is known of a photo, over all models. */
export interface Candidate {
  photo: string;
  /** Whether every model names what it shows. */
  right: boolean;
  /** Mean probability of the label that it has. */
  sure: number;
  /** Of the perturbations that were crafted on each model: how many, and how many change the label. */
  own: number;
  fooled: number;
  /** How many change it to one of another kind: a castle becomes a dog, and not a monastery. */
  far: number;
  /** Draws of noise that change it. */
  fooledByNoise: number;
}

const shareOf = ({ fooled, own }: Candidate) => (own > 0 ? fooled / own : 0);

/** Mean probability from which on models are sure of a photo. */
const surely = 0.4;

/**
 * The best `count` of them: first by how many perturbations fool them, then by how many lead far. Those that a model
 * misreads or is not sure of, or that noise fools, come only where there are not enough others; one resists when none
 * of this is so, and at most a third of the perturbations fool it.
 */
export function showcaseOf(candidates: readonly Candidate[], count: number): ShowcaseResult['photos'] {
  const isClear = ({ right, sure, fooledByNoise }: Candidate) => right && sure >= surely && fooledByNoise === 0;
  const best = candidates.toSorted(
    (a, b) =>
      Number(isClear(b)) - Number(isClear(a)) ||
      shareOf(b) - shareOf(a) ||
      b.far - a.far ||
      b.sure - a.sure ||
      (a.photo < b.photo ? -1 : 1),
  );
  const resisting = best
    .filter((one) => isClear(one) && one.own > 0 && shareOf(one) <= 1 / 3)
    .sort((a, b) => shareOf(a) - shareOf(b) || b.sure - a.sure)
    .slice(0, count > 1 ? 1 : 0);
  const fooled = best.filter((one) => !resisting.includes(one)).slice(0, count - resisting.length);
  return [
    ...fooled.map(({ photo }) => ({ photo, resists: false })),
    ...resisting.map(({ photo }) => ({ photo, resists: true })),
  ];
}

interface Inputs {
  evaluation: StudyJobs['evaluation'];
  count: number;
  subjects: StudyJobs['subjects'];
  targets: {
    labels: readonly string[] | null;
    /** What kind of thing each class is; null where that is not known. */
    groups: readonly string[] | null;
    clean: ReturnType<StudyJobs['measured']>;
    own: ReturnType<StudyJobs['measured']>[];
    noises: ReturnType<StudyJobs['measured']>[];
  }[];
}

const noneYet = { fooled: 0, far: 0, fooledByNoise: 0 };

const showcaseStep = defineStep<Inputs, ShowcaseResult>({
  name: 'showcase',
  source: import.meta.url,
  result: showcaseResult,
  async run(_context, { evaluation, count, subjects, targets }) {
    const { names } = evaluation.result;
    const shown = new Map(subjects.map(({ photo, labels }) => [photo, labels]));
    const counts = names.map((photo) => ({ photo, right: true, sure: 0, own: 0, ...noneYet }));
    for (const { labels, groups, clean, own, noises } of targets) {
      const before = await readMeasurement(clean);
      const [crafted, drawn] = await Promise.all(
        [own, noises].map((some) => Promise.all(some.map((one) => readMeasurement(one)))),
      );
      counts.forEach((of, i) => {
        const changed = (some: typeof crafted) => some.filter((after) => after.labels[i] !== before.labels[i]).length;
        of.right &&= shown.get(of.photo)?.includes(labelOf(labels, before.labels[i])) ?? false;
        of.sure += before.probabilities[i] / targets.length;
        of.own += own.length;
        of.fooled += changed(crafted);
        const kind = (label: number) => groups?.[label] ?? label;
        of.far += crafted.filter((after) => kind(after.labels[i]) !== kind(before.labels[i])).length;
        of.fooledByNoise += changed(drawn);
      });
    }
    // Only photos of which somebody said what they show, unless there is none.
    const known = counts.filter(({ photo }) => shown.has(photo));
    return { result: { photos: showcaseOf(known.length > 0 ? known : counts, count) } };
  },
});

/** The job that chooses so many of a study's evaluation photos. */
export function showcaseJob(study: StudyJobs, count: number): Job<ShowcaseResult> {
  return showcaseStep({
    id: `of ${count}`,
    inputs: {
      ...{ evaluation: study.evaluation, count, subjects: study.subjects },
      targets: study.models.map((target) => {
        const own = ownOf(study, target.id);
        const noises = new Map(own.map((one) => study.control(one)).map((control) => [control.id, control]));
        return {
          labels: target.labels,
          groups: imageNetGroups(target.wnids?.some((wnid) => wnid) ? target.wnids : study.classes),
          clean: study.measured(target, null),
          own: own.map((one) => study.measured(target, one)),
          noises: [...noises.values()].map((noise) => study.measured(target, noise)),
        };
      }),
    },
  });
}

/** The perturbations that were crafted on a model. */
export const ownOf = ({ perturbations }: Pick<StudyJobs, 'perturbations'>, model: string) =>
  perturbations.filter((one) => !isPattern(one) && one.surrogates.includes(model));
