import { hash } from 'node:crypto';
import {
  LATEST_KEY,
  latest,
  type Manifest,
  manifestKey,
  manifest as manifestSchema,
  modelKey,
  releasePrefix,
} from '#shared/release';
import { inParallel } from './parallel.ts';
import { isSafeKey, openSource, parseJson, type ReleaseSource } from './source.ts';
import { contentChecks, schemaProblems } from './verify-content.ts';

/** One thing that is wrong with a release. */
export interface Problem {
  key: string;
  problem: string;
}

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

/** Every key that a manifest speaks of outside its list of files. */
function namedKeys(manifest: Manifest): string[] {
  return [
    ...(manifest.run ? [manifest.run] : []),
    ...manifest.models.flatMap((model) => [model.key, model.labels]),
    ...manifest.perturbations.flatMap((one) => [one.record, one.npy, one.safetensors, one.preview]),
    ...manifest.tables.flatMap((table) => [table.csv, table.parquet]),
    ...manifest.photos.flatMap((photo) => [photo.key, ...(photo.canvas ? [photo.canvas] : [])]),
  ];
}

/**
 * Problems inside the manifest itself: keys that it names and does not list, keys listed twice, models whose name is
 * not their hash.
 */
function manifestProblems(manifest: Manifest, key: string, version: string): Problem[] {
  const problems: Problem[] = [];
  const add = (problem: string) => problems.push({ key, problem });
  const files = new Map(manifest.files.map((file) => [file.key, file]));
  if (manifest.version !== version) add(`is the manifest of version ${manifest.version}, not of ${version}`);
  if (files.size !== manifest.files.length) add('lists a file more than once');
  for (const file of manifest.files) {
    if (!isSafeKey(file.key)) add(`lists the key ${JSON.stringify(file.key)}, which is no safe file name`);
    else if (!file.key.startsWith('models/') && !file.key.startsWith(releasePrefix(version)))
      add(`lists ${file.key}, which lies outside this release`);
  }
  for (const named of new Set(namedKeys(manifest)))
    if (!files.has(named)) add(`names ${named} and does not list it among its files`);
  for (const model of manifest.models) {
    const file = files.get(model.key);
    if (model.key !== modelKey(model.sha256))
      add(`names the model ${model.card.id} ${model.key}, which is not its sha256`);
    if (file && (file.sha256 !== model.sha256 || file.bytes !== model.bytes))
      add(`gives the model ${model.card.id} two sizes or hashes`);
  }
  return problems;
}

/**
 * SHA256SUMS against the manifest. Its paths are relative to releases/<version>/, as `sha256sum -c` reads them there.
 */
function sumsProblems(bytes: Uint8Array, key: string, manifest: Manifest, manifestSha256: string): Problem[] {
  const problems: Problem[] = [];
  const prefix = releasePrefix(manifest.version);
  const known = new Map(manifest.files.map((file) => [file.key, file.sha256]));
  known.set(manifestKey(manifest.version), manifestSha256);
  const summed = new Set<string>();
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    if (line === '') continue;
    const [, sha256, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (!path) {
      problems.push({ key, problem: `has a line that sha256sum does not understand: ${line.slice(0, 80)}` });
      continue;
    }
    const file = path.startsWith('../../') ? path.slice('../../'.length) : prefix + path.replace(/^\.\//, '');
    summed.add(file);
    if (!known.has(file)) problems.push({ key, problem: `names ${path}, which the manifest does not have` });
    else if (known.get(file) !== sha256)
      problems.push({ key, problem: `gives ${path} another hash than the manifest` });
  }
  const left = manifest.files.filter(
    (file) => file.key.startsWith(prefix) && file.key !== key && file.key !== manifest.run && !summed.has(file.key),
  );
  if (left.length > 0) problems.push({ key, problem: `lacks ${left.length} files, ${left[0].key} among them` });
  return problems;
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
  const latestBytes = source.version ? null : await source.read(LATEST_KEY, signal);
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
  if (!isSafeKey(version)) {
    problems.push({ key: LATEST_KEY, problem: `cannot name the version ${JSON.stringify(version)}` });
    return { ...none, latestBytes };
  }
  const key = manifestKey(version);
  const manifestBytes = await source.read(key, signal);
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
  problems.push(...manifestProblems(manifest, key, version));
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
  const read = async (key: string) => {
    const bytes = await source.read(key, options.signal);
    if (!bytes) problems.push({ key, problem: 'is missing' });
    else {
      result.files++;
      result.bytes += bytes.length;
      if (key === sumsKey) problems.push(...sumsProblems(bytes, key, manifest, sha256));
    }
    options.onProgress?.(++done, total, result.bytes);
    return bytes;
  };
  const check = async (file: Manifest['files'][number]) => {
    const bytes = await read(file.key);
    if (!bytes) return;
    const add = (problem: string): void => {
      problems.push({ key: file.key, problem });
    };
    if (bytes.length !== file.bytes) return add(`has ${bytes.length} bytes, the manifest says ${file.bytes}`);
    const actual = hash('sha256', bytes);
    if (actual !== file.sha256) return add(`has the sha256 ${actual}, the manifest says ${file.sha256}`);
    try {
      for (const problem of checks.get(file.key)?.(bytes) ?? []) add(problem);
    } catch (error) {
      add(`cannot be read: ${(error as Error).message}`);
    }
  };
  await inParallel(listed, options.width ?? 8, check, options.signal);
  if (total > listed.length) await read(sumsKey);
  const expected = new Set([...listed.map((file) => file.key), LATEST_KEY, manifestKey(manifest.version), sumsKey]);
  problems.push(...(await unexpectedFiles(source, manifest, expected)));
  problems.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return result;
}
