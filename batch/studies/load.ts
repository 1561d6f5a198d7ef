import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { suggestion, UsageError } from '#shared/errors';
import { type ClassLabel, classLabels, type PhotoCredit, photoCredit, type Study, study } from '#shared/release';
import { canvasFor } from '#shared/zoo';
import { readJson } from '../files/index.ts';
import { loadCard, type ZooModel } from '../zoo/index.ts';
import { type Given, readGiven } from './given.ts';
import { hardenedOf, type WantedHardened } from './hardened.ts';

/** A study with all that it names, read and checked. */
export interface LoadedStudy {
  study: Study;
  /** Absolute path of the study file. */
  path: string;
  models: ZooModel[];
  /** Those that it hardens, in its order. */
  hardened: WantedHardened[];
  /** The perturbations of its files, in its order. */
  given: Given[];
  /** Absolute path of the folder of photos, or of an .npy file of canvases. */
  photos: string;
  /** By file name. */
  credits: Map<string, PhotoCredit>;
  /** The classes that the photos' file names tell, where the study names a file of them. */
  classes: ClassLabel[] | null;
}

/**
 * Reads a study file. Paths in it are relative to it.
 * @throws UsageError, in one paragraph, for all that is wrong with it.
 */
export async function loadStudy(file: string): Promise<LoadedStudy> {
  const path = resolve(file);
  const base = dirname(path);
  const parsed = await readJson(path, study, 'study');
  const models = await Promise.all(parsed.models.map((model) => loadCard(model, base)));
  const cards = models.map(({ card }) => card);
  const { fit } = canvasFor(cards, { canvas: parsed.canvas, fit: parsed.fit });
  const ids = cards.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice) throw new UsageError(`The study ${file} names the model ${twice} twice. Name each model once.`);
  const hardened = hardenedOf(file, parsed, models);
  const crafted = [...ids, ...hardened.map(({ card }) => card.id)];
  const given: Given[] = [];
  for (const wanted of parsed.perturbations) {
    if ('file' in wanted) {
      given.push(await readGiven(wanted, base, parsed.canvas));
      continue;
    }
    const { surrogates = [] } = wanted;
    for (const id of surrogates.flatMap((surrogate) => surrogate.split('+'))) {
      if (crafted.includes(id)) continue;
      throw new UsageError(
        `The study ${file} crafts on ${id}, which is none of its models.${suggestion(id, crafted)} Its models are ${crafted.join(', ')}: add it to "models", or correct "surrogates".`,
      );
    }
  }
  const { folder, credits, classes, publish } = parsed.photos;
  if (publish && /\.npy$/i.test(folder)) {
    throw new UsageError(
      `The study ${file} wants to publish its photos, and ${folder} holds canvases without photos. Set photos.publish to false.`,
    );
  }
  const list = credits ? await readJson(resolve(base, credits), z.array(photoCredit), 'list of photo credits') : [];
  return {
    // As it was written, but where the cards say more.
    study: fit === 'exact' ? { ...parsed, fit } : parsed,
    path,
    models,
    hardened,
    given,
    photos: resolve(base, folder),
    credits: new Map(list.map((credit) => [credit.file, credit])),
    classes: classes ? await readJson(resolve(base, classes), classLabels, 'list of classes') : null,
  };
}
