/**
 * Layers: where in a network a perturbation takes over. What the network computes of each photo, as it is and
 * perturbed, is compared at places from the first to the last and at the logits. That perturbations, other than noise,
 * grow on their way through is how C. Zhang, P. Benz, T. Imtiaz, I. S. Kweon, "Understanding Adversarial Examples from
 * the Mutual Influence of Images and Perturbations", CVPR 2020, arXiv 2007.06189, reads the logits: a universal
 * perturbation's own features dominate there, and photos become the noise on them.
 */
import { atLeast, holm, meanAndDeviation } from '#shared/metrics';
import { common } from './columns.ts';
import { finding, type StudyJobs, surrogateOf } from './finding.ts';
import { firstSeeds, meantFor } from './perturbations-of.ts';
import { readCompared } from './probes.ts';
import { percent } from './words.ts';

/** A light study compares so many photos under one own perturbation, one of another network, and noise. */
const light = { photos: 24, own: 1 };

const needs = (study: StudyJobs) => {
  const isLight = study.effort === 'light';
  const firsts = firstSeeds(study.perturbations);
  return {
    targets: study.models.flatMap((target) => {
      const own = meantFor(study.perturbations, target.id);
      if (own.length === 0) return [];
      const tried = own.slice(0, isLight ? light.own : undefined);
      const others = firsts.filter(({ surrogates }) => !surrogates.includes(target.id)).slice(0, 1);
      const noise = study.control(tried[0]);
      const all = [...tried, ...others, ...([...tried, ...others].some(({ id }) => id === noise.id) ? [] : [noise])];
      return {
        id: target.id,
        noise: noise.id,
        perturbations: all.map((one) => ({
          ...{ id: one.id, surrogate: surrogateOf(one) },
          isOwn: one.surrogates.includes(target.id),
        })),
        compared: study.probes.compared(target, all, isLight ? light.photos : null),
      };
    }),
  };
};

export interface LayerRow {
  target: string;
  perturbation: string;
  surrogate: string;
  own: boolean;
  place: number;
  places: number;
  value: string;
  photos: number;
  cosine: number;
  cosine_low: number;
  cosine_high: number;
  change: number;
  change_low: number;
  change_high: number;
  above_noise: number | null;
  p: number | null;
}

/** z of a two-sided 95 % interval of a mean. */
const z = 1.959963984540054;

function meanOf(values: readonly number[]) {
  const { mean, deviation } = meanAndDeviation(values);
  const half = (z * (deviation ?? 0)) / Math.sqrt(values.length);
  return { mean, low: mean - half, high: mean + half };
}

/** By photo. */
export interface Compared {
  cosines: readonly number[];
  changes: readonly number[];
}

interface Of {
  target: string;
  perturbation: string;
  surrogate: string;
  own: boolean;
  /** Names of the values. */
  names: readonly string[];
}

/**
 * The rows of one perturbation on one model.
 * @param at By place.
 * @param noise The same under noise; null where it is the noise itself.
 */
export function layerRows(
  { names, ...of }: Of,
  at: readonly Compared[],
  noise: readonly Compared[] | null,
): LayerRow[] {
  const above = at.map(({ changes }, k) => changes.filter((change, i) => noise && change > noise[k].changes[i]).length);
  // Exact sign test, two-sided: more or fewer photos above their noise than a coin would give.
  const ps = holm(
    at.map(({ changes }, k) =>
      Math.min(1, 2 * atLeast(Math.max(above[k], changes.length - above[k]), changes.length, 0.5)),
    ),
  );
  return at.map(({ cosines, changes }, k): LayerRow => {
    const [cosine, change] = [meanOf(cosines), meanOf(changes)];
    return {
      ...{ ...of, place: k + 1, places: names.length, value: names[k], photos: cosines.length },
      ...{ cosine: cosine.mean, cosine_low: cosine.low, cosine_high: cosine.high },
      ...{ change: change.mean, change_low: change.low, change_high: change.high },
      ...{ above_noise: noise ? above[k] : null, p: noise ? ps[k] : null },
    };
  });
}

export const layers = finding({
  name: 'layers',
  title: 'Where in a network a perturbation takes over',
  source: import.meta.url,
  byDefault: false,
  columns: [
    { name: 'target', type: 'STRING', description: 'Model whose values are compared' },
    common.perturbation,
    common.surrogate,
    { name: 'own', type: 'BOOLEAN', description: 'Whether it was crafted on this model' },
    { name: 'place', type: 'INT32', description: 'Which of the places, 1 for the first' },
    { name: 'places', type: 'INT32', description: 'How many there are; the last are the logits' },
    { name: 'value', type: 'STRING', description: 'Name of the value in the prepared graph' },
    common.photos,
    {
      name: 'cosine',
      type: 'DOUBLE',
      description: 'Mean over the photos of the cosine between the values of the photo as it is and perturbed',
    },
    { name: 'cosine_low', type: 'DOUBLE', description: 'Lower end of its 95 % interval (normal)' },
    { name: 'cosine_high', type: 'DOUBLE', description: 'Upper end of its 95 % interval (normal)' },
    {
      name: 'change',
      type: 'DOUBLE',
      description: 'Mean over the photos of the length of the change, as a share of the length of the values',
    },
    { name: 'change_low', type: 'DOUBLE', description: 'Lower end of its 95 % interval (normal)' },
    { name: 'change_high', type: 'DOUBLE', description: 'Upper end of its 95 % interval (normal)' },
    {
      name: 'above_noise',
      type: 'INT32',
      nullable: true,
      description: 'Photos whose values change more than with noise of the same bound; null for that noise',
    },
    {
      name: 'p',
      type: 'DOUBLE',
      nullable: true,
      description: 'Exact sign test of that on the same photos, corrected for the places (Holm); null for the noise',
    },
  ],
  needs,
  async rows({ targets }) {
    const rows: LayerRow[] = [];
    for (const { id, noise, perturbations, compared } of targets) {
      const all = await readCompared(compared);
      const names = compared.result.places;
      const ofNoise = all[perturbations.findIndex((one) => one.id === noise)];
      for (const [k, { id: perturbation, surrogate, isOwn }] of perturbations.entries()) {
        const of = { target: id, perturbation, surrogate, own: isOwn, names };
        rows.push(...layerRows(of, all[k], perturbation === noise ? null : ofNoise));
      }
    }
    return rows;
  },
  says(rows) {
    const own = rows.filter((row) => row.own);
    const noise = rows.filter(({ above_noise }) => above_noise === null);
    if (own.length === 0) return null;
    const mean = (of: readonly LayerRow[], chosen: (row: LayerRow) => boolean) => {
      const some = of.filter(chosen).map(({ change }) => change);
      return percent(some.reduce((sum, change) => sum + change, 0) / some.length);
    };
    const first = ({ place }: LayerRow) => place === 1;
    const last = ({ place, places }: LayerRow) => place === places;
    return `At the first place that is looked at own perturbations change what a network computes by ${mean(own, first)} of its length, noise of the same bound by ${mean(noise, first)}; at the logits by ${mean(own, last)}, noise by ${mean(noise, last)}.`;
  },
});
