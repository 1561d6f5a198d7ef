/**
 * A study as it travels: all that its jobs are planned from, and nothing of where its files lie. The files themselves
 * stay where they are: what is read from them is done there (`isLocal`), and what travels is what became of them.
 */
import { basename } from 'node:path';
import { z } from 'zod';
import {
  type ClassLabel,
  classLabels,
  modelCard,
  norm,
  type Provider,
  photoCredit,
  provider,
  study as studySchema,
} from '#shared/release';
import { type CodeReader, type Job, keysOf } from '../jobs/index.ts';
import { hardenedOf, type LoadedStudy, type PhotoFiles, plan } from '../studies/index.ts';
import type { OwnPlan } from './own-plans.ts';
import { planOf } from './plans.ts';

const sums = z.array(z.tuple([z.string(), z.string()]));

export const bundle = z.object({
  schema: z.literal(1),
  study: studySchema,
  models: z.array(
    z.object({
      card: modelCard,
      labels: z.array(z.string()).nullable(),
      wnids: z.array(z.string().nullable()).nullable(),
      /** SHA-256 of its file. */
      source: z.string(),
    }),
  ),
  /** Of the perturbations from files, in the order of the study. */
  given: z.array(
    z.object({
      id: z.string(),
      norm,
      epsilon: z.number(),
      sha256: z.object({ file: z.string(), v: z.string() }),
    }),
  ),
  classes: classLabels.nullable(),
  /** Of the photos of which somebody said what they show: findings choose by that. */
  credits: z.array(photoCredit),
  /** Name and SHA-256 of the files of each half. */
  photos: z.object({ crafting: sums, evaluation: sums }),
  provider,
});
export type Bundle = z.infer<typeof bundle>;

/** What a study is planned from. */
export interface Sources {
  study: LoadedStudy;
  photos: PhotoFiles;
  provider: Provider;
  /** SHA-256 of each model's file, by id. */
  sources: ReadonlyMap<string, string>;
}

export function bundleOf({ study, photos, provider, sources }: Sources): z.input<typeof bundle> {
  const { models, given, classes, credits } = study;
  const { folder: _folder, credits: _credits, classes: _classes, ...shown } = study.study.photos;
  return {
    schema: 1,
    study: {
      ...study.study,
      models: models.map(({ card }) => card.id),
      photos: { ...shown, folder: '.' },
      perturbations: study.study.perturbations.map((one) =>
        'file' in one ? { ...one, file: basename(one.file) } : one,
      ),
    },
    models: models.map(({ card, labels, wnids }) => ({
      card,
      labels,
      // A gap in a list is no JSON.
      wnids: wnids && Array.from(wnids, (wnid) => wnid ?? null),
      source: sources.get(card.id) as string,
    })),
    given: given.map(({ id, norm, epsilon, sha256 }) => ({ id, norm, epsilon, sha256 })),
    classes: classes as ClassLabel[] | null,
    credits: [...credits.values()].filter(({ subject }) => subject),
    photos: { crafting: photos.files.crafting.map(pair), evaluation: photos.files.evaluation.map(pair) },
    provider,
  };
}

const pair = ([name, sha256]: readonly [string, string]): [string, string] => [name, sha256];

/** The study of a bundle, on a machine that has none of its files. */
function studyOf({ study, models, given, classes, credits }: Bundle): LoadedStudy {
  const wanted = study.perturbations.filter((one) => 'file' in one);
  const zoo = models.map(({ card, labels, wnids }) => ({
    ...{ card, cardPath: '', labels },
    wnids: wnids?.map((wnid) => wnid ?? undefined) ?? null,
  }));
  return {
    study,
    path: '',
    models: zoo,
    hardened: hardenedOf(study.id, study, zoo),
    given: given.map((one, i) => ({ ...one, v: new Float32Array(0), wanted: wanted[i] })),
    photos: '',
    credits: new Map(credits.map((credit) => [credit.file, credit])),
    classes,
  };
}

/** The jobs of a study that are handed out, as this machine's code plans them. */
export async function planOfBundle(of: Bundle, codes: CodeReader): Promise<OwnPlan> {
  const { jobs } = plan(studyOf(of), {
    photos: { source: '', files: of.photos },
    provider: of.provider,
    sources: new Map(of.models.map(({ card, source }) => [card.id, source])),
    release: '',
  });
  return ownPlan(jobs, codes);
}

/** Of all jobs those that are handed out, each after those that it needs. */
export function ownPlan(all: readonly Job[], codes: CodeReader): OwnPlan {
  const keys = keysOf(all, codes);
  const handedOut = all.filter(({ isLocal }) => !isLocal);
  const jobs = new Map(handedOut.map((job) => [keys.get(job) as string, job]));
  return { plan: planOf(jobs.keys()), jobs, keys };
}
