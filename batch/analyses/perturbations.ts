/** The perturbations themselves: how each was made, and how large and how visible it is. */
import { common } from './columns.ts';
import { finding, type StudyJobs, surrogateOf } from './finding.ts';
import { plain } from './grid.ts';

export interface PerturbationRow {
  perturbation: string;
  surrogate: string;
  attack: string;
  norm: string;
  epsilon: number;
  seed: number;
  linf: number;
  l2: number;
  psnr: number;
  ssim: number;
  gradients: number;
  crafting_photos: number;
  crafting_ratio: number | null;
  npy: string | null;
  record: string | null;
}

const needs = (study: StudyJobs) => ({
  perturbations: study.perturbations.map((perturbation) => ({
    ...plain(perturbation),
    ...(perturbation.unpublished && { unpublished: true }),
    crafted: study.crafted(perturbation),
    distortion: study.distortion(perturbation),
  })),
});

export const perturbations = finding({
  name: 'perturbations',
  title: 'Every perturbation: how it was made, and how large it is',
  source: import.meta.url,
  byDefault: true,
  columns: [
    common.perturbation,
    common.surrogate,
    common.attack,
    common.norm,
    common.epsilon,
    common.seed,
    { name: 'linf', type: 'DOUBLE', description: 'Its largest absolute value, in units of 0..255' },
    { name: 'l2', type: 'DOUBLE', description: 'Its Euclidean length, in units of 0..255' },
    {
      name: 'psnr',
      type: 'DOUBLE',
      description: 'Peak signal-to-noise ratio of perturbed photos in decibels, mean over all evaluation photos',
    },
    {
      name: 'ssim',
      type: 'DOUBLE',
      description:
        'Structural similarity of perturbed photos in luma (Gaussian window of 11 x 11, sigma 1.5), mean over all evaluation photos',
    },
    {
      name: 'gradients',
      type: 'INT64',
      description: 'Input gradients that crafting took, one for each photo of each step',
    },
    { name: 'crafting_photos', type: 'INT32', description: 'Photos it was crafted from' },
    {
      name: 'crafting_ratio',
      type: 'DOUBLE',
      nullable: true,
      description: 'Fooling ratio on those, on the surrogate, of several the mean; null without a surrogate',
    },
    {
      name: 'npy',
      type: 'STRING',
      nullable: true,
      description: 'Path of its float32 array within the release; null where it is measured and not published',
    },
    {
      name: 'record',
      type: 'STRING',
      nullable: true,
      description: 'Path of its record within the release; null likewise',
    },
  ],
  needs,
  rows: ({ perturbations }) =>
    perturbations.map(
      ({ id, surrogates, crafted, distortion, attack, norm, epsilon, seed, unpublished }): PerturbationRow => ({
        ...{ perturbation: id, surrogate: surrogateOf({ surrogates, attack }), attack, norm, epsilon, seed },
        linf: crafted.result.linf,
        l2: crafted.result.l2,
        psnr: distortion.result.psnr,
        ssim: distortion.result.ssim,
        gradients: crafted.result.gradients,
        crafting_photos: crafted.result.photos,
        crafting_ratio: crafted.result.fooling?.ratio ?? null,
        npy: unpublished ? null : `perturbations/${id}/perturbation.npy`,
        record: unpublished ? null : `perturbations/${id}/record.json`,
      }),
    ),
});
