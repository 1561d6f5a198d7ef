/**
 * Saturation: how many photos it takes to craft a perturbation. The same recipe with the same gradients on fewer and
 * fewer of the crafting photos, down to one, and on pictures that were drawn from a seed. S.-M. Moosavi-Dezfooli, A.
 * Fawzi, O. Fawzi, P. Frossard, "Universal adversarial perturbations", CVPR 2017, arXiv 1610.08401, figure 6: 500
 * photos, fewer than there are classes, fool more than 30 % of the others.
 */
import { common, interval } from './columns.ts';
import { finding, type StudyJobs, type StudyPerturbation } from './finding.ts';
import { foolingOf } from './measurement.ts';
import { readMeasurement } from './outputs.ts';
import { percent } from './words.ts';

/** 0 is for drawn pictures. A study that has fewer photos than a size has that size for all of them. */
const sizes = { light: [0, 1, 5], whole: [0, 1, 2, 5, 10, 25, 50] };

export interface SaturationRow {
  surrogate: string;
  attack: string;
  seed: number;
  crafting_photos: number;
  gradients: number;
  crafting_ratio: number | null;
  photos: number;
  fooled: number;
  ratio: number;
  low: number;
  high: number;
  noise: number;
}

/**
 * What is crafted anew: what has one surrogate, the first way of crafting on each; of a light study the first seed of
 * the first.
 */
export function recipesOf(
  perturbations: readonly StudyPerturbation[],
  effort: StudyJobs['effort'],
): StudyPerturbation[] {
  const single = perturbations.filter(({ surrogates }) => surrogates.length === 1);
  if (effort === 'light') return single.slice(0, 1);
  return [...Map.groupBy(single, ({ surrogates }) => surrogates[0]).values()].flatMap((ofOne) =>
    ofOne.filter(({ recipe }) => recipe === ofOne[0].recipe),
  );
}

/** Those of hardened networks are another question. */
const onModels = ({ perturbations, models }: StudyJobs) =>
  perturbations.filter(({ surrogates }) => surrogates.every((surrogate) => models.some(({ id }) => id === surrogate)));

const needs = (study: StudyJobs) => ({
  evaluation: study.evaluation,
  recipes: recipesOf(onModels(study), study.effort).map((recipe) => {
    const target = study.models.filter(({ id }) => id === recipe.surrogates[0])[0];
    const crafts = [...sizes[study.effort].map((photos) => study.onPhotos(recipe, photos)), recipe];
    return {
      ...{ surrogate: target.id, attack: recipe.attack, seed: recipe.seed },
      clean: study.measured(target, null),
      noise: study.measured(target, study.control(recipe)),
      crafts: crafts.map((of) => ({ crafted: study.crafted(of), measured: study.measured(target, of) })),
    };
  }),
});

export const saturation = finding({
  name: 'saturation',
  title: 'How many photos it takes to craft a perturbation',
  source: import.meta.url,
  byDefault: false,
  columns: [
    { name: 'surrogate', type: 'STRING', description: 'Model it was crafted on, and tried on' },
    common.attack,
    common.seed,
    {
      name: 'crafting_photos',
      type: 'INT32',
      description: 'Photos it was crafted on; 0: pictures drawn from the seed',
    },
    { name: 'gradients', type: 'INT64', description: 'Input gradients that crafting took: the same for each' },
    {
      name: 'crafting_ratio',
      type: 'DOUBLE',
      nullable: true,
      description: 'Fooling ratio on the photos or pictures that it was crafted on',
    },
    common.photos,
    { name: 'fooled', type: 'INT32', description: 'Evaluation photos whose predicted label changes' },
    { name: 'ratio', type: 'DOUBLE', description: 'fooled / photos' },
    ...interval('low', 'high'),
    { name: 'noise', type: 'DOUBLE', description: 'Fooling ratio of random noise of the same bound' },
  ],
  needs,
  async rows({ recipes }) {
    const rows: SaturationRow[] = [];
    for (const { surrogate, attack, seed, clean, noise, crafts } of recipes) {
      const before = await readMeasurement(clean);
      const ofNoise = foolingOf(before, await readMeasurement(noise)).ratio;
      for (const { crafted, measured } of crafts) {
        rows.push({
          ...{ surrogate, attack, seed, crafting_photos: crafted.result.photos },
          ...{ gradients: crafted.result.gradients, crafting_ratio: crafted.result.fooling?.ratio ?? null },
          ...foolingOf(before, await readMeasurement(measured)),
          noise: ofNoise,
        });
      }
    }
    return rows;
  },
  says(rows) {
    const mean = (photos: number) => {
      const some = rows.filter((row) => row.crafting_photos === photos);
      return some.length === 0 ? null : some.reduce((sum, { ratio }) => sum + ratio, 0) / some.length;
    };
    const all = Math.max(...rows.map((row) => row.crafting_photos));
    const counts = [...new Set(rows.map((row) => row.crafting_photos))].sort((a, b) => a - b);
    const ofAll = mean(all) ?? 0;
    const enough = counts.find((count) => count > 0 && (mean(count) ?? 0) >= 0.9 * ofAll);
    const [drawn, one] = [mean(0), mean(1)];
    if (rows.length === 0 || drawn === null || one === null) return null;
    return `Crafted on ${enough} ${enough === 1 ? 'photo' : 'photos'} it fools at least nine tenths of what ${all} do (${percent(ofAll)}); on one photo ${percent(one)}, on drawn pictures and no photo at all ${percent(drawn)}.`;
  },
});
