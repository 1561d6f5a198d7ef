import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  givenAttack,
  isSafeKey,
  isSafeName,
  LATEST_KEY,
  latest,
  type Manifest,
  manifest as manifestSchema,
  type PerturbationRecord,
  perturbationRecord,
  type ReleaseRun,
  releaseRun,
  sha256Hex,
  type TransferRow,
} from '#shared/release';

/** A perturbation as the atlas shows it: a numbered plate. */
export interface Plate {
  number: number;
  id: string;
  /** The surrogate's title ("SqueezeNet 1.1"), several joined by " + ", or the attack ("Noise") where it needs none. */
  title: string;
  entry: Manifest['perturbations'][number];
  record: PerturbationRecord;
  /**
   * The rows of the transfer table where the target is a surrogate of this perturbation; empty for one without a
   * surrogate.
   */
  own: TransferRow[];
}

export interface Atlas {
  manifest: Manifest;
  plates: Plate[];
  /** Every row of the transfer table, in the order of the plates. */
  rows: TransferRow[];
  /** Ids of the models that perturbations were measured on, in the order of the manifest. */
  targets: string[];
  /** When and where it was made; null for older releases, whose records tell some of it. */
  run: ReleaseRun | null;
  /** The release's croissant.json, where it has one. */
  croissant: unknown;
  titleOf: (model: string) => string;
}

let loaded: Atlas | undefined;

/**
 * Reads the release that the site is built from, once: the folder in ATLAS_RELEASE, or .atlas/starter/release under the
 * current folder.
 *
 * @throws Error where there is no release, or where a file of it is not what the manifest says
 */
export function loadAtlas(): Atlas {
  loaded ??= read(folderOf());
  return loaded;
}

/** A file of the release that the site is built from. @throws Error as `loadAtlas` */
export const readFile = (key: string): Buffer => fileOf(folderOf(), key);

const folderOf = () => resolve(process.env.ATLAS_RELEASE || '.atlas/starter/release');

function read(root: string): Atlas {
  const pointer = parse(LATEST_KEY, latest, fileOf(root, LATEST_KEY));
  const text = fileOf(root, pointer.manifest.key);
  if (sha256Hex(text) !== pointer.manifest.sha256) {
    throw new Error(
      `The release in ${root} is not whole: ${pointer.manifest.key} is not the file that ${LATEST_KEY} names. Build the release again.`,
    );
  }
  const manifest = parse(pointer.manifest.key, manifestSchema, text);
  assertAddressable(manifest);
  const titles = new Map(manifest.models.map(({ card }) => [card.id, card.title]));
  const titleOf = (model: string) => titles.get(model) ?? model;
  const plates = manifest.perturbations.map((entry, index): Plate => {
    const record = parse(entry.record, perturbationRecord, fileOf(root, entry.record));
    return {
      number: index + 1,
      id: entry.id,
      title:
        entry.surrogates.map(titleOf).join(' + ') ||
        (entry.attack === givenAttack ? entry.id : entry.attack.replace(/^./, (first) => first.toUpperCase())),
      entry,
      record,
      own: record.fooling.evaluation.filter(({ target }) => entry.surrogates.includes(target)),
    };
  });
  const rows = plates.flatMap(({ record }) => record.fooling.evaluation);
  const measured = new Set(rows.map(({ target }) => target));
  const targets = [...titles.keys()].filter((id) => measured.delete(id)).concat(...measured);
  const croissant = manifest.files.find(({ key }) => key.endsWith('/croissant.json'));
  return {
    manifest,
    plates,
    rows,
    targets,
    run: manifest.run ? parse(manifest.run, releaseRun, fileOf(root, manifest.run)) : null,
    croissant: croissant ? json(croissant.key, fileOf(root, croissant.key)) : null,
    titleOf,
  };
}

/** Keys and ids become addresses, and paths on this disk: the release may be a stranger's. */
function assertAddressable({ files, models, perturbations, tables, photos }: Manifest): void {
  const keys = [
    ...files.map(({ key }) => key),
    ...models.flatMap(({ key, labels }) => [key, labels]),
    ...perturbations.flatMap(({ record, npy, safetensors, preview }) => [record, npy, safetensors, preview]),
    ...perturbations.flatMap(({ growth }) => growth ?? []),
    ...tables.flatMap(({ csv, parquet }) => [csv, parquet]),
    ...photos.flatMap(({ key, canvas }) => [key, canvas ?? key]),
  ];
  const wrong = keys.find((key) => !isSafeKey(key)) ?? perturbations.find(({ id }) => !isSafeName(id))?.id;
  if (wrong === undefined) return;
  throw new Error(
    `The release has the key or id ${JSON.stringify(wrong)}, which is no safe file name. "npx atlas verify" says more; do not serve it.`,
  );
}

function fileOf(root: string, key: string): Buffer {
  if (!isSafeKey(key)) throw new Error(`The release names ${JSON.stringify(key)}, which is no safe file name.`);
  try {
    return readFileSync(join(root, key));
  } catch (error) {
    throw new Error(
      `There is no release to build the site from: ${join(root, key)} cannot be read (${(error as Error).message}). ` +
        'Run "npm start" or "npx atlas run studies/starter.json" first, or name the folder of a release in ATLAS_RELEASE.',
    );
  }
}

function parse<T>(key: string, schema: { safeParse(value: unknown): { data?: T; error?: Error } }, text: Buffer): T {
  const { data, error } = schema.safeParse(json(key, text));
  if (error)
    throw new Error(`${key} of the release is not valid: ${error.message}. Build the release again with this version.`);
  return data as T;
}

function json(key: string, text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    throw new Error(`${key} of the release is not JSON. Build the release again, or fetch it again.`);
  }
}

/** Where the Worker serves a key of the release. */
export const dataUrl = (key: string) => `/data/${key.split('/').map(encodeURIComponent).join('/')}`;

/** The address of a perturbation's page. */
export const plateUrl = (id: string) => `/perturbations/${encodeURIComponent(id)}/`;
