import { type Example, photoId } from '#shared/release';
import { bound, photoName } from './format.ts';
import type { LabData } from './lab/protocol.ts';
import { type Atlas, dataUrl, plateUrl } from './release.ts';

/** A choice that fits a row. */
const MOST_PHOTOS = 12;

/**
 * What the lab may choose from: models of the edge, every perturbation, and the photos that records show examples of.
 */
export function labData({ manifest, plates, titleOf }: Atlas): { data: LabData; example: Example } | null {
  const models = manifest.models.filter(({ edge }) => edge);
  const model = models[0];
  const plate = plates.find(({ entry }) => model && entry.surrogates.includes(model.card.id)) ?? plates[0];
  if (!model || !plate) return null;
  const published = new Map(manifest.photos.map((photo) => [photo.file, photo]));
  const examples = plate.record.examples.filter(
    ({ photo, target }) => published.has(photo) && target === model.card.id,
  );
  // The first photo is one that the network is sure of, and that changes.
  const sure = (example: Example) => (example.fooled ? 1 : 0) + example.clean.probability;
  const example = [...examples].sort((a, b) => sure(b) - sure(a))[0];
  if (!example) return null;
  const files = new Set([example, ...plates.flatMap(({ record }) => record.examples)].map(({ photo }) => photo));
  const photos = [...files].flatMap((file) => published.get(file) ?? []).slice(0, MOST_PHOTOS);
  const shown = new Set(photos.map(({ file }) => file));
  const served = new Set(models.map(({ card }) => card.id));
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
    perturbations: plates.map(({ id, number, title, entry }) => ({
      id,
      number,
      name:
        entry.surrogates.length > 0 && alone(title)
          ? title
          : [...entry.surrogates.map(titleOf), entry.attack, bound(entry)].join(', '),
      npy: dataUrl(entry.npy),
      preview: dataUrl(entry.preview),
      page: plateUrl(id),
    })),
    photos: photos.map(({ file, key, author, licence, source }) => ({
      id: photoId(file),
      name: photoName(file),
      url: dataUrl(key),
      credit: `${author}, ${licence}`,
      source,
    })),
    known: plates.flatMap(({ id, record }) =>
      record.examples
        .filter(({ photo, target }) => shown.has(photo) && served.has(target))
        .map(({ photo, target, clean, perturbed }) => ({
          photo: photoId(photo),
          model: target,
          perturbation: id,
          clean,
          perturbed,
        })),
    ),
    start: { photo: photoId(example.photo), model: model.card.id, perturbation: plate.id },
  };
  return { data, example };
}
