/** The wall: every published photo, and what every network reads in it. */
import { imageNetGroups } from '#shared/metrics';
import { photoId } from '#shared/release';
import { bound } from './format.ts';
import type { PredictionRow } from './lab-answers.ts';
import { nameOfPhoto } from './photos/names.ts';
import { exactUrl } from './pictures.ts';
import { type Atlas, dataUrl, type Plate } from './release.ts';
import { rowsOf } from './rows.ts';
import type { WallData, WallReadings } from './wall/data.ts';
import { groupsOf, grownOf, tilesOf } from './wall/groups.ts';

/** Pixels of a tile's side, and tiles in a row of the sheets that they lie on. */
const TILE = 112;
const COLUMNS = 12;

/** The photos of the wall, by name; null where a release has nothing to show on one. */
export async function wallData(atlas: Atlas): Promise<{ data: WallData; readings: WallReadings } | null> {
  const { manifest, plates, titleOf } = atlas;
  const rows = await rowsOf<PredictionRow>('predictions', atlas);
  const measured = new Set(rows.map(({ photo }) => photo));
  const photos = wallPhotos(atlas).filter(({ file }) => measured.has(file));
  const models = manifest.models.filter(({ card }) => rows.some(({ target }) => target === card.id));
  const published = plates.filter(({ id }) => rows.some(({ perturbation }) => perturbation === id));
  if (photos.length === 0 || models.length === 0 || published.length === 0) return null;
  const grouped = new Set(
    (await rowsOf<{ target: string; group: string | null }>('concentration', atlas))
      .filter(({ group }) => group)
      .map(({ target }) => target),
  );
  const readings = readingsOf(
    rows,
    photos.map(({ file }) => file),
    grouped,
  );
  const data: WallData = {
    ...{ size: manifest.canvas, tile: Math.min(TILE, manifest.canvas), columns: COLUMNS },
    fit: manifest.fit ?? 'crop',
    photos: photos.map(({ file, key }) => ({
      ...{ id: photoId(file), name: nameOfPhoto(file, atlas), url: dataUrl(key) },
    })),
    models: models.map(({ card }) => ({ id: card.id, title: card.title })),
    perturbations: published.map(({ id, number, entry, record }) => ({
      ...{ id, number, preview: exactUrl(entry.preview, atlas), linf: record.linf, surrogates: entry.surrogates },
      ...{ npy: dataUrl(entry.npy), norm: entry.norm, epsilon: entry.epsilon },
      name: [entry.surrogates.map(titleOf).join(' + ') || entry.attack, bound(entry)].join(', '),
    })),
    start: startOf(readings, published),
  };
  return { data, readings };
}

/** In the order of the sheets. */
const wallPhotos = ({ manifest }: Atlas) => manifest.photos.toSorted((a, b) => (a.file < b.file ? -1 : 1));

/** The thousand classes of ImageNet, where a model has those: only their order is asked for. */
const kinds = imageNetGroups(Array.from({ length: 1000 }, (_, i) => (i === 0 ? 'n01440764' : `n${20_000_000 + i}`)));

/** More than half of all classes are artefacts: to be one says nothing, to be wool does. */
const kindOf = (index: number) => (kinds?.[index] === 'artefact' ? null : (kinds?.[index] ?? null));

function readingsOf(
  rows: readonly PredictionRow[],
  files: readonly string[],
  grouped: ReadonlySet<string>,
): WallReadings {
  const places = new Map(files.map((file, i) => [file, i]));
  const labels = new Map<string, number>();
  const readings: WallReadings = { labels: [], clean: {}, perturbed: {} };
  const placeOf = (model: string, index: number, label: string) => {
    const kind = grouped.has(model) ? kindOf(index) : null;
    const key = `${index} ${kind} ${label}`;
    const place = labels.get(key) ?? readings.labels.push([index, label, kind]) - 1;
    labels.set(key, place);
    return place;
  };
  for (const row of rows) {
    const photo = places.get(row.photo);
    if (photo === undefined) continue;
    const { target, perturbation } = row;
    readings.clean[target] ??= [];
    readings.clean[target][photo] = placeOf(target, Number(row.clean), row.clean_label);
    readings.perturbed[target] ??= {};
    readings.perturbed[target][perturbation] ??= [];
    readings.perturbed[target][perturbation][photo] = placeOf(target, Number(row.perturbed), row.perturbed_label);
  }
  return readings;
}

/** A network and one of its own patterns: where the largest number of photos becomes the same. */
function startOf(readings: WallReadings, plates: readonly Plate[]): WallData['start'] {
  const growth = ({ model, perturbation }: WallData['start']) => {
    const tiles = tilesOf(readings, model, perturbation);
    const grown = tiles && grownOf(groupsOf(readings, tiles, model));
    return grown ? grown.tiles.length - grown.before : 0;
  };
  const pairs = (isOwn: boolean) =>
    plates.flatMap(({ id, entry }) =>
      Object.keys(readings.clean)
        .filter((model) => !isOwn || entry.surrogates.includes(model))
        .map((model) => ({ model, perturbation: id })),
    );
  const own = pairs(true);
  return (own.length > 0 ? own : pairs(false)).toSorted((a, b) => growth(b) - growth(a))[0];
}
