import { AtlasError } from '#shared/errors';
import { LATEST_KEY, type Manifest, manifestKey, releasePrefix } from '#shared/release';
import { inParallel } from './parallel.ts';
import { publishedManifests } from './promote.ts';
import type { Bucket } from './s3.ts';
import { latestOf } from './source.ts';

/** A file that no release refers to may belong to an upload under way; after so long it does not. */
const GRACE_MS = 24 * 3600 * 1000;

export interface PrunePlan {
  /** Versions that go, oldest first. */
  releases: string[];
  /**
   * Everything that goes, in the order in which it does: manifests first, so that no reader finds one without its
   * files.
   */
  keys: string[];
  bytes: number;
  /** Files that no release refers to and that are too young to go. */
  spared: number;
}

export interface PruneOptions {
  /**
   * How many of the newest releases stay, the one that is served besides; left out, all stay and only what no release
   * refers to goes.
   */
  keep?: number;
  /** A release that is about to be published and served: it counts as if it were there. */
  upcoming?: Manifest;
  /** Only for tests: another time than now. */
  now?: number;
  signal?: AbortSignal;
}

/**
 * What may go from a bucket: releases beyond `keep`, and files under models/ and releases/ that no release which stays
 * refers to. Other keys are not the Atlas's and stay.
 *
 * @throws AtlasError where a manifest in the bucket cannot be read: what it refers to is unknown then, and nothing may
 * go.
 */
export async function planPrune(bucket: Bucket, options: PruneOptions = {}): Promise<PrunePlan> {
  const { keep, upcoming, now = Date.now(), signal } = options;
  const inBucket = await publishedManifests(bucket, signal);
  const unreadable = inBucket.find(({ manifest }) => manifest === null);
  if (unreadable)
    throw new AtlasError(
      `${manifestKey(unreadable.version)} in ${bucket.name} cannot be read, so nobody knows which files it refers to, and nothing was removed. Publish that release again, or remove its manifest by hand.`,
    );
  const manifests = inBucket.map(({ manifest }) => manifest!).filter(({ version }) => version !== upcoming?.version);
  if (upcoming) manifests.push(upcoming);
  manifests.sort((a, b) => Date.parse(a.created) - Date.parse(b.created));
  const served = upcoming?.version ?? (await latestOf(bucket, signal))?.version;
  const newest = new Set(keep === undefined ? manifests : manifests.slice(-keep));
  const staying = manifests.filter((manifest) => newest.has(manifest) || manifest.version === served);
  const going = manifests.filter((manifest) => !staying.includes(manifest));

  const needed = new Set([LATEST_KEY, ...staying.flatMap(keysOf)]);
  const orphanedNow = new Set(going.flatMap(keysOf));
  const objects = [...(await bucket.objects('models/', signal)), ...(await bucket.objects('releases/', signal))];
  const unneeded = objects.filter(({ key }) => !needed.has(key));
  const old = unneeded.filter(({ key, written }) => orphanedNow.has(key) || written < now - GRACE_MS);
  old.sort((a, b) => Number(isManifest(b.key)) - Number(isManifest(a.key)) || (a.key < b.key ? -1 : 1));
  return {
    releases: going.map(({ version }) => version),
    keys: old.map(({ key }) => key),
    bytes: old.reduce((sum, { bytes }) => sum + bytes, 0),
    spared: unneeded.length - old.length,
  };
}

function keysOf({ version, files }: Manifest): string[] {
  return [manifestKey(version), `${releasePrefix(version)}SHA256SUMS`, ...files.map(({ key }) => key)];
}

const isManifest = (key: string) => key.endsWith('/manifest.json');

/** Removes what a plan says. Killed, it leaves files that no release refers to, which the next one finds. */
export async function prune(bucket: Bucket, { keys }: PrunePlan, signal?: AbortSignal): Promise<void> {
  await inParallel(keys.filter(isManifest), 8, (key) => bucket.remove(key, signal), signal);
  await inParallel(
    keys.filter((key) => !isManifest(key)),
    8,
    (key) => bucket.remove(key, signal),
    signal,
  );
}
