/**
 * Lays a study's results out as a release (docs/architecture.md, "A release"): the folder that it writes is the root of
 * a bucket.
 *
 * The version ends in a hash of everything in the release but run.json, which says when and where it was made, and what
 * lists that file: different data never meet under one key, and the same data made twice have one version. Since
 * records and documents name keys, which contain the version, all files are rendered twice: under the study's bare
 * version, which is what is hashed, and under the final one.
 */
import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { AtlasError } from '#shared/errors';
import { writeNpy, writeSafetensors } from '#shared/formats';
import {
  edgeModelBytes,
  isSafeName,
  LATEST_KEY,
  type Manifest,
  manifestKey,
  manifest as manifestSchema,
  mediaTypeOf,
  modelKey,
  type PerturbationRecord,
  perturbationMetadata,
  perturbationRecord,
  photoId,
  type ReleaseFile,
  releasePrefix,
  runKey,
} from '#shared/release';
import type { ContentPerturbation, ContentPhoto, ReleaseContent } from './content.ts';
import { croissant, type DataFile } from './croissant.ts';
import { citationFile, licenceText, readme } from './documents.ts';
import { encodeLatest } from './latest.ts';
import { type RenderedTable, renderTable } from './tables.ts';

export interface Built {
  version: string;
  /** Every file, latest.json and manifest included. */
  files: number;
  bytes: number;
  manifestSha256: string;
}

/**
 * Builds the release in `folder`, which is replaced as a whole: a reader sees the old release or the new one.
 *
 * @throws z.ZodError when the content does not fit the schemas of a release, before anything is written; AtlasError
 * when the disk refuses.
 */
export async function buildRelease(content: ReleaseContent, folder: string): Promise<Built> {
  const { version, files, manifestBytes } = renderRelease(content);
  const partial = `${folder}.partial`;
  const replaced = `${folder}.replaced`;
  await rm(partial, { recursive: true, force: true });
  const all = new Map(files);
  all.set(manifestKey(version), manifestBytes);
  const manifestSha256 = hashOf(manifestBytes);
  all.set(LATEST_KEY, encodeLatest(version, manifestSha256));
  try {
    for (const [key, data] of all) {
      const path = join(partial, ...key.split('/'));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, data);
    }
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw new AtlasError(
      `The release cannot be written to ${folder}: ${(error as Error).message}. What was there stays. Make room, or name another folder with --out, and run the same command again.`,
    );
  }
  // A folder cannot be renamed over one with files in it.
  await rm(replaced, { recursive: true, force: true });
  await rename(folder, replaced).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(partial, folder);
  await rm(replaced, { recursive: true, force: true });
  const bytes = [...all.values()].reduce((sum, data) => sum + data.byteLength, 0);
  return { version, files: all.size, bytes, manifestSha256 };
}

/** Every file of the release by key, but for manifest and latest.json; and the manifest's bytes. */
export function renderRelease(content: ReleaseContent): {
  version: string;
  files: Map<string, Uint8Array>;
  manifestBytes: Uint8Array;
} {
  const base = content.study.release.version;
  const tables = content.tables.map(renderTable);
  const sums = [...render(content, tables, base).files].map(([key, bytes]) => `${key} ${hashOf(bytes)}`).sort();
  const digest = createHash('sha256').update(sums.join('\n')).digest('hex');
  const version = `${base}-${digest.slice(0, 8)}`;
  const { files, manifest } = render(content, tables, version);
  const prefix = releasePrefix(version);
  const hashes = new Map([...files].map(([key, bytes]) => [key, hashOf(bytes)]));
  const lines = [...hashes].map(([key, sha256]) => {
    const path = key.startsWith(prefix) ? key.slice(prefix.length) : `../../${key}`;
    return `${sha256}  ${path}\n`;
  });
  const sumsBytes = encode(lines.sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)).join(''));
  files.set(`${prefix}SHA256SUMS`, sumsBytes);
  hashes.set(`${prefix}SHA256SUMS`, hashOf(sumsBytes));
  // Nor is it among the sums: so those of two runs are the same where the two made the same.
  const run = json(content.run);
  files.set(runKey(version), run);
  hashes.set(runKey(version), hashOf(run));
  const listed = [...files].map(
    ([key, bytes]): ReleaseFile => ({
      key,
      sha256: hashes.get(key)!,
      bytes: bytes.byteLength,
      mediaType: mediaTypeOf(key),
    }),
  );
  listed.sort((a, b) => (a.key < b.key ? -1 : 1));
  const whole: Manifest = manifestSchema.parse({ ...manifest, files: listed });
  return { version, files, manifestBytes: json(whole) };
}

function render(content: ReleaseContent, tables: RenderedTable[], version: string) {
  const { study, models, perturbations } = content;
  const files = new Map<string, Uint8Array>();
  const put = (path: string, bytes: Uint8Array) => {
    const key = `${releasePrefix(version)}${path}`;
    files.set(key, bytes);
    return key;
  };
  const photoPaths = pathsOf(content.photos);
  const manifest: Omit<Manifest, 'files'> = {
    schema: 1,
    version,
    created: content.run.created,
    title: study.title,
    description: study.description,
    licence: study.release.licence,
    study: study.id,
    commit: content.run.commit,
    run: runKey(version),
    provider: content.provider,
    seeds: [...new Set(perturbations.map(({ record }) => record.seed))].sort((a, b) => a - b),
    canvas: study.canvas,
    ...(study.fit === 'exact' && { fit: study.fit }),
    models: models.map(({ card, bytes, sha256, labels }) => {
      files.set(modelKey(sha256), bytes);
      return {
        card,
        key: modelKey(sha256),
        sha256,
        bytes: bytes.byteLength,
        edge: card.edge && bytes.byteLength <= edgeModelBytes,
        labels: put(`labels/${card.id}.json`, json(labels)),
      };
    }),
    perturbations: perturbations.map((one) => putPerturbation(one, study.canvas, photoPaths, put)),
    ...(content.unpublished?.length && { unpublished: content.unpublished }),
    tables: tables.map(({ name, title, columns, says, csv, parquet, rows }) => ({
      ...{ name, title, columns, ...(says !== null && { says }) },
      csv: put(`tables/${name}.csv`, csv),
      parquet: put(`tables/${name}.parquet`, parquet),
      rows,
    })),
    photos: content.photos.map(({ credit, bytes, canvas }) => {
      const paths = photoPaths.get(credit.file)!;
      const key = put(paths.photo, bytes);
      return { ...credit, key, ...(canvas && { canvas: put(paths.canvas, canvas) }) };
    }),
  };
  if (content.photos.length > 0) put('photos/photos.json', json(content.photos.map(({ credit }) => credit)));
  put('LICENSE', encode(licenceText(content)));
  put('CITATION.cff', encode(citationFile(content, version)));
  put('README.md', encode(readme(content, version, tables)));
  put('study.json', json(study));
  put('croissant.json', json(croissant(content, version, tables, dataFiles(manifest, files))));
  return { files, manifest };
}

function putPerturbation(
  { record, v, preview, growth, examples }: ContentPerturbation,
  size: number,
  photoPaths: Map<string, PhotoPaths>,
  put: (path: string, bytes: Uint8Array) => string,
): Manifest['perturbations'][number] {
  const folder = `perturbations/${record.id}/`;
  const shape = [3, size, size];
  const { id, attack, norm, epsilon, seed } = record;
  const files = {
    npy: put(`${folder}perturbation.npy`, writeNpy(v, shape)),
    safetensors: put(
      `${folder}perturbation.safetensors`,
      writeSafetensors({ perturbation: { data: v, shape } }, perturbationMetadata(record)),
    ),
    preview: put(`${folder}preview.png`, preview),
  };
  const grown = growth && {
    ...{ side: growth.side, gradients: growth.gradients, key: put(`${folder}growth.png`, growth.png) },
  };
  const whole: PerturbationRecord = perturbationRecord.parse({
    ...record,
    examples: examples.map(({ example, png }) => ({
      ...example,
      key: put(`${folder}examples/${photoPaths.get(example.photo)!.stem}.png`, png),
    })),
    ...(grown && { growth: grown }),
    files,
  });
  const surrogates = record.surrogates.map((surrogate) => surrogate.id);
  return {
    ...{ id, attack, norm, epsilon, seed, surrogates, record: put(`${folder}record.json`, json(whole)), ...files },
    ...(grown && { growth: grown.key }),
  };
}

interface PhotoPaths {
  stem: string;
  photo: string;
  canvas: string;
}

/**
 * Where each photo goes: its id, with only characters that any file system, shell and address carries, and no two
 * alike.
 */
function pathsOf(photos: readonly ContentPhoto[]): Map<string, PhotoPaths> {
  const taken = new Set<string>();
  const result = new Map<string, PhotoPaths>();
  for (const { credit } of photos) {
    const extension = extname(credit.file).toLowerCase();
    const plain = photoId(credit.file)
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[.-]+/, '');
    const name = isSafeName(plain) ? plain : 'photo';
    let stem = name;
    for (let i = 2; taken.has(stem.toLowerCase()); i++) stem = `${name}-${i}`;
    taken.add(stem.toLowerCase());
    const canvas = extension === '.png' ? `photos/${stem}.canvas.png` : `photos/${stem}.png`;
    result.set(credit.file, { stem, photo: `photos/${stem}${extension}`, canvas });
  }
  return result;
}

/** The data among the files: what the Croissant document lists. */
function dataFiles(manifest: Omit<Manifest, 'files'>, files: Map<string, Uint8Array>): DataFile[] {
  const prefix = releasePrefix(manifest.version);
  const within = [...files.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length))
    .filter((path) => /^(tables|labels)\/|\.(npy|safetensors)$|^photos\/photos\.json$/.test(path))
    .map((path) => ({ name: path, path, key: prefix + path }));
  const models = manifest.models.map(({ card, key }) => ({ name: `${card.id}.onnx`, path: `../../${key}`, key }));
  return [...within, ...models].map(({ name, path, key }) => {
    const bytes = files.get(key)!;
    return { name, path, bytes: bytes.byteLength, sha256: hashOf(bytes), mediaType: mediaTypeOf(key) };
  });
}

const hashed = new WeakMap<Uint8Array, string>();

/** SHA-256; of the same array only once, since models and pictures are rendered twice. */
function hashOf(bytes: Uint8Array): string {
  const known = hashed.get(bytes);
  if (known) return known;
  const made = createHash('sha256').update(bytes).digest('hex');
  hashed.set(bytes, made);
  return made;
}

const encode = (text: string) => new TextEncoder().encode(text);
const json = (value: unknown) => encode(`${JSON.stringify(value, null, 2)}\n`);
