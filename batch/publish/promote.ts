import { hash } from 'node:crypto';
import { AtlasError } from '#shared/errors';
import { type Manifest, manifestKey, manifest as manifestSchema, releasePrefix } from '#shared/release';
import { encodeLatest } from './latest.ts';
import { inParallel } from './parallel.ts';
import type { Bucket } from './s3.ts';
import { LARGEST_MANIFEST, latestOf, parseJson } from './source.ts';
import { writeLatest } from './upload.ts';

/**
 * Every release whose manifest is in the bucket, in the order in which they were made; null for a manifest that cannot
 * be read.
 */
export async function publishedManifests(
  bucket: Bucket,
  signal?: AbortSignal,
): Promise<{ version: string; manifest: Manifest | null }[]> {
  const objects = await bucket.objects('releases/', signal);
  const versions = objects.flatMap(({ key }) => /^releases\/([^/]+)\/manifest\.json$/.exec(key)?.[1] ?? []);
  const found: { version: string; manifest: Manifest | null }[] = [];
  const look = async (version: string) => {
    const bytes = await bucket.read(manifestKey(version), signal, LARGEST_MANIFEST);
    found.push({ version, manifest: (bytes && manifestSchema.safeParse(parseJson(bytes)).data) ?? null });
  };
  await inParallel(versions, 8, look, signal);
  const made = ({ manifest }: { manifest: Manifest | null }) => (manifest ? Date.parse(manifest.created) : 0);
  return found.sort((a, b) => made(a) - made(b) || (a.version < b.version ? -1 : 1));
}

/** Every version whose manifest is in the bucket, in the order in which they were made. */
export async function publishedVersions(bucket: Bucket, signal?: AbortSignal): Promise<string[]> {
  return (await publishedManifests(bucket, signal)).map(({ version }) => version);
}

export interface Promoted {
  version: string;
  /** What latest.json named before. */
  previous: string | null;
  files: number;
  bytes: number;
}

/**
 * Points latest.json at a release that is in the bucket already, after asking for every file of its manifest.
 * @param wanted a version, e.g. "0.1.0-1a2b3c4d", or its number alone for the newest of that number.
 * @throws AtlasError where the release is not there, or not whole.
 */
export async function promoteRelease(wanted: string, bucket: Bucket, signal?: AbortSignal): Promise<Promoted> {
  const versions = await publishedVersions(bucket, signal);
  // A version ends in a hash of its content, which nobody types: the newest of that number is meant.
  const version = versions.includes(wanted) ? wanted : versions.findLast((one) => one.startsWith(`${wanted}-`));
  const manifestBytes =
    version === undefined ? null : await bucket.read(manifestKey(version), signal, LARGEST_MANIFEST);
  if (!version || !manifestBytes) {
    throw new AtlasError(
      `${bucket.name} has no release ${wanted}. It has ${versions.length > 0 ? versions.join(', ') : 'none'}. Publish it first: \`atlas publish <release> --to ${bucket.name}\`.`,
    );
  }
  const { data: manifest } = manifestSchema.safeParse(parseJson(manifestBytes));
  if (!manifest)
    throw new AtlasError(
      `The manifest of release ${version} in ${bucket.name} is not as it should be. Promote another one: ${versions.join(', ')}.`,
    );
  const there = new Map<string, number>();
  for (const prefix of [releasePrefix(version), 'models/'])
    for (const { key, bytes } of await bucket.objects(prefix, signal)) there.set(key, bytes);
  const lacking = manifest.files.flatMap(({ key, bytes }) => (there.get(key) === bytes ? [] : [key]));
  if (lacking.length > 0) {
    throw new AtlasError(
      `Release ${version} in ${bucket.name} is not whole: ${lacking.length} files are missing or have another size, ${lacking.sort()[0]} among them. Publish it again, which fills the gaps.`,
    );
  }
  const previous = (await latestOf(bucket, signal))?.version ?? null;
  await writeLatest(bucket, encodeLatest(version, hash('sha256', manifestBytes)), signal);
  return {
    version,
    previous,
    files: manifest.files.length,
    bytes: manifest.files.reduce((sum, file) => sum + file.bytes, 0),
  };
}

/**
 * Promotes the release that was made last before the one that latest.json names.
 * @throws AtlasError where nothing is published, or nothing older.
 */
export async function rollbackRelease(bucket: Bucket, signal?: AbortSignal): Promise<Promoted> {
  const current = await latestOf(bucket, signal);
  if (!current)
    throw new AtlasError(
      `${bucket.name} has no latest.json, so there is nothing to go back from. Use \`atlas promote <version> --to …\`.`,
    );
  const versions = await publishedVersions(bucket, signal);
  const older = versions[versions.indexOf(current.version) - 1];
  if (!older)
    throw new AtlasError(`${bucket.name} has no release older than ${current.version}. It has ${versions.join(', ')}.`);
  return promoteRelease(older, bucket, signal);
}
