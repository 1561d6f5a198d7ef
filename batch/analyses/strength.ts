/**
 * Strength: how much of a perturbation is needed, and what about the pattern matters. Each is tried on the models that
 * it was crafted on at several strengths, and in variants that keep one thing of it and take another away. Strengths
 * are of one seed for each way of crafting: the lowest that the study has; in a light study of one for each model, with
 * fewer strengths and shifts.
 */
import { holm, pairedTest } from '#shared/metrics';
import type { VariantKind } from '#shared/synthetic';
import { common, interval } from './columns.ts';
import { type DerivedPerturbation, finding, type StudyJobs, type StudyPerturbation } from './finding.ts';
import { changedBy, foolingOf, type Labels } from './measurement.ts';
import { readMeasurement } from './outputs.ts';
import { firstSeeds } from './perturbations-of.ts';
import { percent } from './words.ts';

/** Factors; 1 is the perturbation itself. */
const strengths = { light: [0.25, 0.5, 1.5, 2], whole: [0.25, 0.5, 0.75, 1.25, 1.5, 2] };
/** Cycles over the side that low and high frequencies are split at: waves of 14 pixels on a canvas of 224. */
const split = 16;
const shifts = { light: [1, 4, 16], whole: [1, 2, 4, 8, 16] };

const wantedOf = (effort: StudyJobs['effort']): { kind: VariantKind; amount: number | null }[] => [
  ...strengths[effort].map((amount) => ({ kind: 'scaled' as const, amount })),
  { kind: 'scaled', amount: -1 },
  { kind: 'shuffled', amount: null },
  { kind: 'phase-twin', amount: null },
  { kind: 'low', amount: split },
  { kind: 'high', amount: split },
  { kind: 'rotated', amount: null },
  ...shifts[effort].map((amount) => ({ kind: 'moved' as const, amount })),
  { kind: 'gaussian', amount: null },
];

export interface StrengthRow {
  perturbation: string;
  target: string;
  variant: string;
  amount: number | null;
  l2: number;
  photos: number;
  fooled: number;
  ratio: number;
  low: number;
  high: number;
  newly: number | null;
  p: number | null;
}

/** In a light study one for each model: the first that was crafted on it alone. */
const triedIn = ({ effort, models, perturbations }: StudyJobs): StudyPerturbation[] => {
  const firsts = firstSeeds(perturbations);
  if (effort === 'whole') return firsts;
  return models.flatMap(({ id }) => firsts.find(({ surrogates }) => surrogates.join() === id) ?? []);
};

const needs = (study: StudyJobs) => ({
  perturbations: triedIn(study).map((from) => {
    const targets = study.models.filter(({ id }) => from.surrogates.includes(id));
    const derived = wantedOf(study.effort).map(({ kind, amount }): DerivedPerturbation => {
      const id = [from.id, kind, ...(amount === null ? [] : [amount])].join('.');
      return { id, from, kind, amount, seed: from.seed };
    });
    const control = study.control(from);
    const measuredOn = (perturbation: StudyPerturbation | DerivedPerturbation | null) =>
      targets.map((target) => study.measured(target, perturbation));
    return {
      id: from.id,
      targets: targets.map(({ id }) => id),
      clean: measuredOn(null),
      made: study.crafted(from),
      measured: measuredOn(from),
      noise: { made: study.crafted(control), measured: measuredOn(control) },
      variants: derived.map((variant) => ({
        ...{ kind: variant.kind, amount: variant.amount, made: study.derived(variant) },
        measured: measuredOn(variant),
      })),
    };
  }),
});

/** Of strengths in rising order, how many photos are fooled at each and at none below. */
export function newlyFooled(clean: Labels, rising: readonly Labels[]): number[] {
  const fooled = new Set<number>();
  return rising.map((labels) => {
    const before = fooled.size;
    changedBy(clean, labels).forEach((isFooled, i) => {
      if (isFooled) fooled.add(i);
    });
    return fooled.size - before;
  });
}

export const strength = finding({
  name: 'strength',
  title: 'How strong a perturbation has to be, and what about its pattern matters',
  source: import.meta.url,
  byDefault: false,
  columns: [
    common.perturbation,
    { name: 'target', type: 'STRING', description: 'Model it was crafted on, which predicts' },
    {
      name: 'variant',
      type: 'STRING',
      description:
        '"scaled": as strong as amount says, -1 with the sign flipped; "shuffled": pixels in another order; "phase-twin": values and spectrum with other phases; "low", "high": frequencies up to and above amount cycles over the side; "rotated": by 90 degrees; "moved": by amount pixels; "gaussian", "signs": noise of the same length, of the same bound',
    },
    {
      name: 'amount',
      type: 'DOUBLE',
      nullable: true,
      description: 'Factor, cycles or pixels; null where none is taken',
    },
    { name: 'l2', type: 'DOUBLE', description: 'Its Euclidean length, in units of 0..255' },
    common.photos,
    { name: 'fooled', type: 'INT32', description: 'Photos whose predicted label changes' },
    { name: 'ratio', type: 'DOUBLE', description: 'fooled / photos' },
    ...interval('low', 'high'),
    {
      name: 'newly',
      type: 'INT32',
      nullable: true,
      description: 'Of "scaled" with a positive amount: photos that this strength fools and no lower one does',
    },
    {
      name: 'p',
      type: 'DOUBLE',
      nullable: true,
      description:
        'Exact McNemar test against the perturbation itself on the same photos, corrected for all variants of it (Holm); null for other strengths',
    },
  ],
  needs,
  async rows({ perturbations }) {
    const rows: StrengthRow[] = [];
    for (const { id, targets, clean, made, measured, noise, variants } of perturbations) {
      const itself = { kind: 'scaled' as const, amount: 1, made, measured };
      const signs = { kind: 'signs' as const, amount: null, ...noise };
      for (const [t, target] of targets.entries()) {
        const before = await readMeasurement(clean[t]);
        const all = await Promise.all(
          [itself, ...variants, signs].map(async ({ kind, amount, made, measured }) => ({
            ...{ variant: kind as string, amount, l2: (made.result as { l2: number }).l2 },
            ...(await readMeasurement(measured[t])),
          })),
        );
        rows.push(...strengthRows({ perturbation: id, target }, before, all));
      }
    }
    return rows;
  },
  says(rows) {
    const of = (variant: string, amount: number | null) =>
      rows.filter((row) => row.variant === variant && row.amount === amount);
    const mean = (some: readonly StrengthRow[]) =>
      percent(some.reduce((sum, { ratio }) => sum + ratio, 0) / some.length);
    if (rows.length === 0) return null;
    return `On the model they were crafted on, perturbations fool ${mean(of('scaled', 1))} on average at full strength, ${mean(of('scaled', 0.5))} at half; ${mean(of('moved', 1))} moved by a pixel, ${mean(of('scaled', -1))} with the sign flipped, ${mean(of('phase-twin', null))} with other phases, ${mean(of('shuffled', null))} with their pixels shuffled.`;
  },
});

interface Tried extends Labels {
  variant: string;
  amount: number | null;
  l2: number;
}

const isStrength = ({ variant, amount }: Tried) => variant === 'scaled' && (amount as number) > 0;

/** @param all The perturbation itself ("scaled" by 1) and its variants. */
export function strengthRows(
  of: Pick<StrengthRow, 'perturbation' | 'target'>,
  clean: Labels,
  all: readonly Tried[],
): StrengthRow[] {
  const itself = changedBy(clean, all.find(({ variant, amount }) => variant === 'scaled' && amount === 1) as Tried);
  const rising = all.filter(isStrength).sort((a, b) => Number(a.amount) - Number(b.amount));
  const newly = new Map(newlyFooled(clean, rising).map((count, i) => [rising[i], count]));
  const others = all.filter((one) => !isStrength(one));
  const corrected = holm(others.map((one) => pairedTest(itself, changedBy(clean, one))));
  const p = new Map(others.map((one, i) => [one, corrected[i]]));
  return all.map((one) => ({
    ...of,
    ...{ variant: one.variant, amount: one.amount, l2: one.l2 },
    ...foolingOf(clean, one),
    ...{ newly: newly.get(one) ?? null, p: p.get(one) ?? null },
  }));
}
