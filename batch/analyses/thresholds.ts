/**
 * Thresholds: how strong a perturbation has to be before each photo gives way to it: one for all photos, noise, and
 * those that are made for one photo alone. S.-M. Moosavi-Dezfooli, A. Fawzi, O. Fawzi, P. Frossard, "Universal
 * adversarial perturbations", CVPR 2017, arXiv 1610.08401, figure 8, tries those of single photos on all others: at
 * length 2000 they fool 37 % (DeepFool) and 30 % (FGSM), the universal one 85 %, noise 11 %.
 */
import { atLeast, changedShare, holm, pairedTest } from '#shared/metrics';
import { common, interval } from './columns.ts';
import { finding, type StudyJobs } from './finding.ts';
import { meantFor } from './perturbations-of.ts';
import { readLabels, thresholdKinds } from './probes.ts';
import { percent } from './words.ts';

/** A light study looks at the first perturbation of the first network, on so many photos. */
const light = { targets: 1, perturbations: 1, photos: 12 };
const whole = { perturbations: undefined, photos: 123 };

const needs = (study: StudyJobs) => {
  const { perturbations, photos } = study.effort === 'light' ? light : whole;
  const targets = study.models.filter(({ id }) => meantFor(study.perturbations, id).length > 0);
  return {
    tried: targets.slice(0, study.effort === 'light' ? light.targets : undefined).flatMap((target) =>
      meantFor(study.perturbations, target.id)
        .slice(0, perturbations)
        .map((perturbation) => ({
          ...{ target: target.id, perturbation: perturbation.id },
          thresholds: study.probes.thresholds(target, perturbation, study.control(perturbation), photos),
        })),
    ),
  };
};

export interface ThresholdRow {
  perturbation: string;
  target: string;
  kind: string;
  photos: number;
  fooled: number;
  ratio: number;
  low: number;
  high: number;
  p: number | null;
  never: number;
  strength_50: number | null;
  length_10: number | null;
  length_25: number | null;
  length_50: number | null;
  length_50_low: number | null;
  length_50_high: number | null;
  length_75: number | null;
  length_90: number | null;
}

/** The value that so many of all do not exceed; null where it is not known of so many. */
export function quantile(values: readonly (number | null)[], share: number): number | null {
  const sorted = values.map((value) => value ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(share * values.length) - 1)];
  return Number.isFinite(found) ? found : null;
}

/** Ranks between which the median lies in 95 % of all samples, by the binomial distribution, from 0; null for few. */
export function medianRanks(count: number): [number, number] | null {
  let below = -1;
  while (atLeast(count - below - 1, count, 0.5) <= 0.025) below++;
  return below < 0 ? null : [below, count - 1 - below];
}

interface Kind {
  /** The smallest strength that fools, by photo; null where none does. */
  strengths: readonly (number | null)[];
  /** Euclidean lengths at strength 1. */
  lengths: readonly number[];
}

/** @param labels As they are, then of each kind at its full strength; the first kind is the universal one. */
export function thresholdRows(
  of: Pick<ThresholdRow, 'perturbation' | 'target'>,
  names: readonly string[],
  labels: readonly ArrayLike<number>[],
  kinds: readonly Kind[],
): ThresholdRow[] {
  const [clean, ...after] = labels;
  const changed = after.map((some) => Array.from(clean, (label, i) => some[i] !== label));
  const ps = holm(changed.slice(1).map((one) => pairedTest(changed[0], one)));
  return names.map((kind, k): ThresholdRow => {
    const { strengths, lengths } = kinds[k];
    const needed = strengths.map((strength, i) => strength && strength * lengths[i]);
    const at = (rank: number) => quantile(needed, (rank + 1) / needed.length);
    const ranks = medianRanks(needed.length);
    return {
      ...{ ...of, kind, ...changedShare(clean, after[k]), p: k === 0 ? null : ps[k - 1] },
      ...{ never: strengths.filter((strength) => strength === null).length, strength_50: quantile(strengths, 0.5) },
      ...{ length_10: quantile(needed, 0.1), length_25: quantile(needed, 0.25), length_50: quantile(needed, 0.5) },
      ...{ length_50_low: ranks && at(ranks[0]), length_50_high: ranks && at(ranks[1]) },
      ...{ length_75: quantile(needed, 0.75), length_90: quantile(needed, 0.9) },
    };
  });
}

/** A length that so many photos give way at. */
const length = <Name extends string>(name: Name, share: string) =>
  ({
    name,
    type: 'DOUBLE',
    nullable: true,
    description: `Euclidean length, in units of 0..255, at or below which ${share} of the photos give way; null where fewer do at twice the strength`,
  }) as const;

export const thresholds = finding({
  name: 'thresholds',
  title: 'How much it takes to fool a photo: one perturbation for all beside one for each',
  source: import.meta.url,
  byDefault: false,
  columns: [
    common.perturbation,
    { name: 'target', type: 'STRING', description: 'Model it was crafted on, which predicts' },
    {
      name: 'kind',
      type: 'STRING',
      description:
        '"universal": the perturbation; "noise" of the same bound; "fgsm", "deepfool": made for the photo alone and scaled to the same Euclidean length; "… of another photo": that of the next photo',
    },
    common.photos,
    { name: 'fooled', type: 'INT32', description: 'Photos whose predicted label changes at full strength' },
    { name: 'ratio', type: 'DOUBLE', description: 'fooled / photos' },
    ...interval('low', 'high'),
    {
      name: 'p',
      type: 'DOUBLE',
      nullable: true,
      description: 'Exact McNemar test against the universal one on the same photos, corrected for the kinds (Holm)',
    },
    { name: 'never', type: 'INT32', description: 'Photos that do not give way up to twice the strength' },
    {
      name: 'strength_50',
      type: 'DOUBLE',
      nullable: true,
      description: 'Strength at which half of the photos give way, pixels not rounded; null where fewer do',
    },
    length('length_10', 'a tenth'),
    length('length_25', 'a quarter'),
    length('length_50', 'half'),
    {
      name: 'length_50_low',
      type: 'DOUBLE',
      nullable: true,
      description: 'Lower end of its 95 % interval (order statistics)',
    },
    {
      name: 'length_50_high',
      type: 'DOUBLE',
      nullable: true,
      description: 'Upper end of its 95 % interval (order statistics); null where it lies beyond twice the strength',
    },
    length('length_75', 'three quarters'),
    length('length_90', 'nine tenths'),
  ],
  needs,
  async rows({ tried }) {
    const rows: ThresholdRow[] = [];
    for (const { thresholds, ...of } of tried)
      rows.push(...thresholdRows(of, thresholdKinds, await readLabels(thresholds), thresholds.result.kinds));
    return rows;
  },
  says(rows) {
    const of = (kind: string) => rows.filter((row) => row.kind === kind);
    if (rows.length === 0) return null;
    const ratio = (kind: string) => percent(of(kind).reduce((sum, row) => sum + row.ratio, 0) / of(kind).length);
    const half = (kind: string) => {
      const known = of(kind).flatMap(({ length_50 }) => length_50 ?? []);
      return known.length === 0 ? null : Math.round(known.reduce((sum, one) => sum + one, 0) / known.length);
    };
    const lengths = [
      ['the universal perturbation', half('universal')],
      ['noise', half('noise')],
      ['their own step of FGSM', half('fgsm')],
      ["DeepFool's", half('deepfool')],
    ].flatMap(([name, at]) => (at === null ? [] : [`${name} ${at}`]));
    return `The length at which half of the photos give way: ${lengths.join(', ')}. At full strength those of another photo fool ${ratio('fgsm of another photo')} (FGSM) and ${ratio('deepfool of another photo')} (DeepFool), the universal one ${ratio('universal')}, noise ${ratio('noise')}.`;
  },
});
