import { hash } from 'node:crypto';
import { manifestKey, manifest as manifestSchema } from '#shared/release';
import { AtlasError } from '../errors/index.ts';
import { inParallel } from './parallel.ts';
import type { Bucket } from './s3.ts';
import { latestOf, parseJson } from './source.ts';
import { encodeLatest, writeLatest } from './upload.ts';

/** Every version whose manifest is in the bucket, in the order in which they were made. */
export async function publishedVersions(bucket: Bucket): Promise<string[]> {
  const keys = await bucket.list('releases/');
  const versions = keys.flatMap((key) => /^releases\/([^/]+)\/manifest\.json$/.exec(key)?.[1] ?? []);
  const dated = await Promise.all(
    versions.map(async (version) => {
      const parsed = manifestSchema.safeParse(parseJson((await bucket.read(manifestKey(version))) ?? new Uint8Array()));
      return { version, created: parsed.success ? Date.parse(parsed.data.created) : 0 };
    }),
  );
  return dated.sort((a, b) => a.created - b.created || (a.version < b.version ? -1 : 1)).map(({ version }) => version);
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
  const versions = await publishedVersions(bucket);
  // A version ends in a hash of its content, which nobody types: the newest of that number is meant.
  const version = versions.includes(wanted) ? wanted : versions.findLast((one) => one.startsWith(`${wanted}-`));
  const manifestBytes = version === undefined ? null : await bucket.read(manifestKey(version), signal);
  if (!version || !manifestBytes) {
    throw new AtlasError(
      `${bucket.name} has no release ${wanted}. It has ${versions.length > 0 ? versions.join(', ') : 'none'}. Publish it first: \`atlas publish <release> --to ${bucket.name}\`.`,
    );
  }
  const manifest = manifestSchema.parse(parseJson(manifestBytes));
  const lacking: string[] = [];
  const look = async (file: (typeof manifest.files)[number]) => {
    const there = await bucket.head(file.key, signal);
    if (there?.bytes !== file.bytes) lacking.push(file.key);
  };
  await inParallel(manifest.files, 8, look, signal);
  if (lacking.length > 0) {
    throw new AtlasError(
      `Release ${version} in ${bucket.name} is not whole: ${lacking.length} files are missing or have another size, ${lacking.sort()[0]} among them. Publish it again, which fills the gaps.`,
    );
  }
  const previous = (await latestOf(bucket))?.version ?? null;
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
  const current = await latestOf(bucket);
  if (!current)
    throw new AtlasError(
      `${bucket.name} has no latest.json, so there is nothing to go back from. Use \`atlas promote <version> --to …\`.`,
    );
  const versions = await publishedVersions(bucket);
  const older = versions[versions.indexOf(current.version) - 1];
  if (!older)
    throw new AtlasError(`${bucket.name} has no release older than ${current.version}. It has ${versions.join(', ')}.`);
  return promoteRelease(older, bucket, signal);
}
