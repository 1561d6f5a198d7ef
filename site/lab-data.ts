import { type Example, type Manifest, type Prediction, photoId } from '#shared/release';
import { bound } from './format.ts';
import type { LabData } from './lab/data.ts';
import { publishedFor, sweptPhotos } from './lab-answers.ts';
import { nameOfPhoto } from './photos/names.ts';
import { exactUrl } from './pictures.ts';
import { type Atlas, dataUrl, type Plate, plateUrl } from './release.ts';

/** A choice that fits a row. */
const MOST_PHOTOS = 12;
/** Between the strengths of the finding `sweep`; other tables have 0 and 1. */
const QUARTER = 0.25;

type PublishedPhoto = Manifest['photos'][number] & {
  /** Whether it stands in the strip. The others are reached by address: from the wall. */
  isShown: boolean;
  resists: boolean;
};

/**
 * Every published photo. First those of the strip: of the sweep, or where a release has none those that records show
 * examples of.
 */
export async function labPhotos(atlas: Atlas): Promise<PublishedPhoto[]> {
  const { manifest, plates } = atlas;
  const published = new Map(manifest.photos.map((photo) => [photo.file, photo]));
  const swept = await sweptPhotos(atlas);
  const sure = (example: Example) => (example.fooled ? 1 : 0) + example.clean.probability;
  const examples = plates
    .flatMap(({ record }) => record.examples)
    .sort((a, b) => sure(b) - sure(a))
    .map(({ photo }) => ({ photo, resists: false }));
  const chosen = new Map((swept.length > 0 ? swept : examples).map((one) => [one.photo, one]));
  const shown = [...chosen.values()].filter(({ photo }) => published.has(photo)).slice(0, MOST_PHOTOS);
  const files = new Set(shown.map(({ photo }) => photo));
  return [
    ...shown.map(({ photo, resists }) => ({ ...(published.get(photo) as PublishedPhoto), isShown: true, resists })),
    ...manifest.photos
      .filter(({ file }) => !files.has(file))
      .map((photo) => ({ ...photo, isShown: false, resists: false })),
  ];
}

/** What the lab begins with, as it is read before and after. */
export interface Opening {
  photo: PublishedPhoto;
  model: string;
  plate: Plate;
  clean: Prediction;
  perturbed: Prediction;
}

/**
 * What the lab may choose from: models of the edge, every perturbation, and its photos; null where there is nothing to
 * try.
 */
export async function labData(atlas: Atlas): Promise<{ data: LabData; opening: Opening } | null> {
  const { manifest, plates, titleOf } = atlas;
  const models = manifest.models.filter(({ edge }) => edge);
  const photos = await labPhotos(atlas);
  const opening = models[0] && (await openingOf(atlas, photos, models[0].card.id));
  if (!opening) return null;
  const alone = (title: string) => plates.filter((other) => other.title === title).length === 1;
  const data: LabData = {
    ...{ size: manifest.canvas, fit: manifest.fit ?? 'crop' },
    models: models.map(({ card, key, bytes, labels }) => ({
      id: card.id,
      title: card.title,
      url: dataUrl(key),
      bytes,
      labels: dataUrl(labels),
    })),
    perturbations: plates.map(({ id, number, title, entry, record }) => ({
      id,
      number,
      name:
        entry.surrogates.length > 0 && alone(title)
          ? title
          : [...entry.surrogates.map(titleOf), entry.attack, bound(entry)].join(', '),
      npy: dataUrl(entry.npy),
      preview: exactUrl(entry.preview, atlas),
      linf: record.linf,
      page: plateUrl(id),
    })),
    photos: photos.map(({ file, key, author, licence, isShown, resists }) => ({
      id: photoId(file),
      name: nameOfPhoto(file, atlas),
      url: dataUrl(key),
      answers: labUrl(file, 'json'),
      ...(isShown && { canvas: labUrl(file, 'png') }),
      ...(resists && { resists: true as const }),
      credit: `${author}, ${licence}`,
    })),
    stop: (await sweptPhotos(atlas)).length > 0 ? QUARTER : 1,
    start: { photo: photoId(opening.photo.file), model: opening.model, perturbation: opening.plate.id, strength: 1 },
  };
  return { data, opening };
}

/** A file that the site makes for each photo of the lab. */
export const labUrl = (file: string, kind: 'png' | 'webp' | 'json') =>
  `/lab/${encodeURIComponent(photoId(file))}.${kind}`;

/** The first photo that a plate of the model changes; where none does, the first that anything is known of. */
async function openingOf(atlas: Atlas, photos: PublishedPhoto[], model: string): Promise<Opening | null> {
  const { plates } = atlas;
  const own = plates.filter(({ entry }) => entry.surrogates.length === 1 && entry.surrogates[0] === model);
  let first: Opening | null = null;
  for (const photo of photos) {
    const { labels, models } = await publishedFor(atlas, photo.file);
    const read = models[model];
    for (const plate of own.length > 0 ? own : plates) {
      const [before, after] = [read?.clean[0], read?.perturbed[plate.id]?.['1']?.[0]];
      if (!before || !after) continue;
      const named = ([place, probability]: readonly [number, number]): Prediction => ({
        ...{ index: labels[place][0], label: labels[place][1], probability },
      });
      const opening = { photo, model, plate, clean: named(before), perturbed: named(after) };
      if (opening.clean.index !== opening.perturbed.index) return opening;
      first ??= opening;
    }
  }
  return first;
}
