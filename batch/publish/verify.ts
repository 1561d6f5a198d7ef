import { hash } from 'node:crypto';
import {
  isSafeKey,
  isSafeName,
  LATEST_KEY,
  latest,
  type Manifest,
  manifestKey,
  manifest as manifestSchema,
  modelKey,
  releasePrefix,
} from '#shared/release';
import { inParallel, sharing } from './parallel.ts';
import { addProblems, isHopeless, type Problem } from './problems.ts';
import { LARGEST_LATEST, LARGEST_MANIFEST, openSource, parseJson, type ReleaseSource } from './source.ts';
import { sumsBytes, sumsProblems } from './sums.ts';
import { contentChecks, schemaProblems } from './verify-content.ts';

export type { Problem };

export interface Verification {
  version: string | null;
  /** How many files were read, manifest and sums included. */
  files: number;
  bytes: number;
  problems: Problem[];
}

export interface VerifyOptions {
  signal?: AbortSignal;
  /** Called after each file. */
  onProgress?: (done: number, total: number, bytes: number) => void;
  /** How many files are read at a time. */
  width?: number;
}

/** Bytes of files that are looked into at the same time; a larger one is alone. */
const MOST_IN_MEMORY = 128e6;

/** Every key that a manifest speaks of outside its list of files. */
function namedKeys(manifest: Manifest): string[] {
  return [
    ...(manifest.run ? [manifest.run] : []),
    ...manifest.models.flatMap((model) => [model.key, model.labels]),
    ...manifest.perturbations.flatMap((one) => [one.record, one.npy, one.safetensors, one.preview]),
    ...manifest.perturbations.flatMap(({ growth }) => growth ?? []),
    ...manifest.tables.flatMap((table) => [table.csv, table.parquet]),
    ...manifest.photos.flatMap((photo) => [photo.key, ...(photo.canvas ? [photo.canvas] : [])]),
  ];
}

/**
 * Problems inside the manifest itself: keys that it names and does not list, keys listed twice, models whose name is
 * not their hash.
 */
function* manifestProblems(manifest: Manifest, key: string, version: string): Generator<Problem> {
  const is = (problem: string): Problem => ({ key, problem });
  const files = new Map(manifest.files.map((file) => [file.key, file]));
  if (manifest.version !== version) yield is(`is the manifest of version ${manifest.version}, not of ${version}`);
  if (files.size !== manifest.files.length) yield is('lists a file more than once');
  else if (new Set(manifest.files.map((file) => file.key.toLowerCase())).size !== files.size)
    yield is('lists files whose names differ in capitals alone, which are one file on many disks');
  for (const file of manifest.files) {
    if (!isSafeKey(file.key)) yield is(`lists the key ${JSON.stringify(file.key)}, which is no safe file name`);
    else if (!file.key.startsWith('models/') && !file.key.startsWith(releasePrefix(version)))
      yield is(`lists ${file.key}, which lies outside this release`);
    else if (file.key.toLowerCase() === key.toLowerCase()) yield is('lists itself, whose hash nothing can hold');
  }
  for (const { id } of manifest.perturbations)
    if (!isSafeName(id)) yield is(`has a perturbation of the id ${JSON.stringify(id)}, which is no safe file name`);
  const ids = new Set(manifest.perturbations.map(({ id }) => id.toLowerCase()));
  if (ids.size !== manifest.perturbations.length) yield is('has two perturbations of one id');
  for (const named of new Set(namedKeys(manifest)))
    if (!files.has(named)) yield is(`names ${named} and does not list it among its files`);
  for (const model of manifest.models) {
    const file = files.get(model.key);
    if (model.key !== modelKey(model.sha256))
      yield is(`names the model ${model.card.id} ${model.key}, which is not its sha256`);
    if (file && (file.sha256 !== model.sha256 || file.bytes !== model.bytes))
      yield is(`gives the model ${model.card.id} two sizes or hashes`);
  }
}

async function unexpectedFiles(source: ReleaseSource, manifest: Manifest, expected: Set<string>): Promise<Problem[]> {
  const there = (await source.list?.()) ?? [];
  const prefix = releasePrefix(manifest.version);
  // Models are shared: beside another release, one that this manifest does not have may be the other's.
  const alone = there.every((key) => !key.startsWith('releases/') || key.startsWith(prefix));
  return there
    .filter(
      (key) =>
        !expected.has(key) &&
        (key.startsWith(prefix) || (alone && key.startsWith('models/')) || !/^(models|releases)\//.test(key)),
    )
    .map((key) => ({ key, problem: 'is there and the manifest does not know it' }));
}

/** Reads the manifest that latest.json names; of a source that is one release of its own, that one's. */
export async function readManifest(
  source: ReleaseSource,
  signal?: AbortSignal,
): Promise<{
  version: string | null;
  manifest: Manifest | null;
  sha256: string;
  /** The bytes of latest.json (where it was read) and of the manifest. */
  latestBytes: Uint8Array | null;
  manifestBytes: Uint8Array | null;
  problems: Problem[];
}> {
  const problems: Problem[] = [];
  const none = { version: null, manifest: null, sha256: '', latestBytes: null, manifestBytes: null, problems };
  const latestBytes = source.version ? null : await source.read(LATEST_KEY, signal, LARGEST_LATEST + 1);
  if (latestBytes && latestBytes.length > LARGEST_LATEST) {
    problems.push({ key: LATEST_KEY, problem: tooLarge(LARGEST_LATEST) });
    return none;
  }
  let version = source.version;
  let named: { key: string; sha256: string } | undefined;
  if (latestBytes) {
    const value = parseJson(latestBytes);
    const wrong = schemaProblems(latest, value);
    if (wrong.length > 0) problems.push(...wrong.map((problem) => ({ key: LATEST_KEY, problem })));
    else {
      const found = latest.parse(value);
      version = found.version;
      named = found.manifest;
      if (found.manifest.key !== manifestKey(found.version))
        problems.push({ key: LATEST_KEY, problem: `names ${found.manifest.key} as the manifest of ${found.version}` });
    }
  } else if (!version) problems.push({ key: LATEST_KEY, problem: 'is missing' });
  if (!version) return { ...none, latestBytes };
  if (!isSafeName(version)) {
    problems.push({ key: LATEST_KEY, problem: `cannot name the version ${JSON.stringify(version)}` });
    return { ...none, latestBytes };
  }
  const key = manifestKey(version);
  const manifestBytes = await source.read(key, signal, LARGEST_MANIFEST + 1);
  if (manifestBytes && manifestBytes.length > LARGEST_MANIFEST) {
    problems.push({ key, problem: tooLarge(LARGEST_MANIFEST) });
    return { ...none, version, latestBytes };
  }
  if (!manifestBytes) {
    problems.push({ key, problem: 'is missing' });
    return { ...none, version, latestBytes };
  }
  const sha256 = hash('sha256', manifestBytes);
  if (named && named.sha256 !== sha256)
    problems.push({ key, problem: `has the sha256 ${sha256}, ${LATEST_KEY} says ${named.sha256}` });
  const value = parseJson(manifestBytes);
  const wrong = schemaProblems(manifestSchema, value);
  if (wrong.length > 0) {
    problems.push(...wrong.map((problem) => ({ key, problem })));
    return { ...none, version, sha256, latestBytes, manifestBytes };
  }
  const manifest = manifestSchema.parse(value);
  addProblems(problems, manifestProblems(manifest, key, version));
  return { version, manifest, sha256, latestBytes, manifestBytes, problems };
}

/**
 * Reads every file of a release and says all that is wrong with it: bytes and hashes, missing and unexpected files,
 * every document against its schema, every perturbation against its shape and bound.
 * @param where a folder (with latest.json, or releases/<version>), an http(s) address, or an opened bucket.
 * @throws UsageError where a folder is no release; what cannot be reached is an AtlasError. Faults of the release are
 * answered, not thrown.
 */
export async function verifyRelease(where: string | ReleaseSource, options: VerifyOptions = {}): Promise<Verification> {
  const source = typeof where === 'string' ? await openSource(where) : where;
  const { version, manifest, sha256, latestBytes, manifestBytes, problems } = await readManifest(
    source,
    options.signal,
  );
  const result: Verification = { version, files: 0, bytes: 0, problems };
  for (const bytes of [latestBytes, manifestBytes]) {
    if (!bytes) continue;
    result.files++;
    result.bytes += bytes.length;
  }
  if (!manifest) return result;

  const checks = contentChecks(manifest);
  const sumsKey = `${releasePrefix(manifest.version)}SHA256SUMS`;
  const listed = manifest.files.filter((file) => isSafeKey(file.key));
  const total = listed.length + (listed.some((file) => file.key === sumsKey) ? 0 : 1);
  let done = 0;
  const count = (bytes: number) => {
    result.files++;
    result.bytes += bytes;
  };
  /** What lies under a key, and its bytes where something is to be looked into. One byte more than expected is read. */
  const read = async (key: string, most: number, keep: boolean) => {
    if (!keep && source.digest) return await source.digest(key, most + 1, options.signal);
    const content = await source.read(key, options.signal, most + 1);
    return content && { bytes: content.length, sha256: hash('sha256', content), content };
  };
  const inMemory = sharing(MOST_IN_MEMORY);
  const check = async (file: Manifest['files'][number]) => {
    if (isHopeless(problems)) return;
    const kind = file.key === sumsKey ? { most: sumsBytes(manifest), look: () => [] } : checks.get(file.key);
    const add = (problem: string) => addProblems(problems, [{ key: file.key, problem }]);
    if (kind && file.bytes > kind.most)
      return add(`is listed with ${file.bytes} bytes, and at most ${kind.most} are read of such a file`);
    await inMemory(kind ? file.bytes : 0, async () => {
      const found = await read(file.key, file.bytes, kind !== undefined);
      if (!found) return add('is missing');
      count(found.bytes);
      if (found.bytes > file.bytes) return add(`has more than the ${file.bytes} bytes that the manifest says`);
      if (found.bytes < file.bytes) return add(`has ${found.bytes} bytes, the manifest says ${file.bytes}`);
      if (found.sha256 !== file.sha256) return add(`has the sha256 ${found.sha256}, the manifest says ${file.sha256}`);
      if (!kind || !('content' in found)) return;
      try {
        if (file.key === sumsKey) addProblems(problems, sumsProblems(found.content, sumsKey, manifest, sha256));
        for (const problem of kind.look(found.content)) add(problem);
      } catch (error) {
        add(`cannot be read: ${(error as Error).message}`);
      }
    });
    options.onProgress?.(++done, total, result.bytes);
  };
  await inParallel(listed, options.width ?? 8, check, options.signal);
  if (total > listed.length) {
    const bytes = await source.read(sumsKey, options.signal, sumsBytes(manifest) + 1);
    if (!bytes) addProblems(problems, [{ key: sumsKey, problem: 'is missing' }]);
    else {
      count(bytes.length);
      addProblems(problems, sumsProblems(bytes, sumsKey, manifest, sha256));
    }
    options.onProgress?.(total, total, result.bytes);
  }
  const expected = new Set([...listed.map((file) => file.key), LATEST_KEY, manifestKey(manifest.version), sumsKey]);
  addProblems(problems, await unexpectedFiles(source, manifest, expected));
  problems.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return result;
}

const tooLarge = (most: number) => `is longer than the ${most} bytes that are read of it`;
