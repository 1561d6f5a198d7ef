import { LATEST_KEY, latest, type Manifest, manifest, manifestKey } from '#shared/release';
import type { Env } from '../env.ts';
import { Problem } from '../problems.ts';
import { Lru } from './lru.ts';
import { parseJson } from './parse.ts';
import { readVerified } from './read.ts';

/** How long an isolate answers from the release it knows before it looks whether another one is published. */
const LATEST_TTL_MS = 10_000;
/** How long it answers from the list of releases that it knows. */
const LIST_TTL_MS = 60_000;
const RELEASES_PREFIX = 'releases/';

let current: { manifest: Manifest; sha256: string; checked: number } | null = null;
/** Releases before the current one, by version. */
const earlier = new Lru<Manifest>(2);
let listed: { releases: PublishedRelease[]; checked: number } | null = null;

export interface PublishedRelease {
  version: string;
  /** When its manifest was uploaded. */
  published: Date;
}

/**
 * The published release: latest.json, then the manifest that it names. Parsed manifests are kept; latest.json is read
 * again every ten seconds.
 *
 * @throws Problem `no-release` where nothing is published, `release-broken` where the manifest is missing or has other
 * bytes than promised
 */
export async function currentRelease(env: Env): Promise<Manifest> {
  if (current && Date.now() - current.checked < LATEST_TTL_MS) return current.manifest;
  let pointer: string | undefined;
  try {
    pointer = await (await env.RELEASES.get(LATEST_KEY))?.text();
  } catch (error) {
    if (!current) throw error;
    // A release is immutable: while the bucket does not answer, the one that is known is still right.
    return current.manifest;
  }
  if (pointer === undefined) {
    current = null;
    throw new Problem(
      'no-release',
      'The bucket has no latest.json, so no release is published yet. Publish one with `atlas publish`, then ask again.',
      {},
      { 'Retry-After': '10' },
    );
  }
  const named = parseJson(LATEST_KEY, latest, pointer).manifest;
  if (current?.sha256 !== named.sha256) {
    const text = new TextDecoder().decode(await readVerified(env, named.key, named.sha256));
    current = { manifest: parseJson(named.key, manifest, text), sha256: named.sha256, checked: Date.now() };
  }
  current.checked = Date.now();
  return current.manifest;
}

/**
 * The release of a version; the current one where none is named. @throws Problem `unknown-release`, and as
 * `currentRelease`
 */
export async function releaseOf(env: Env, version: string | undefined): Promise<Manifest> {
  const newest = await currentRelease(env);
  if (version === undefined || version === newest.version) return newest;
  let found = earlier.get(version);
  if (!found) {
    // A version is one segment of a key, whatever was asked for.
    const key = manifestKey(version);
    const object = /^[\w.+-]{1,100}$/.test(version) ? await env.RELEASES.get(key) : null;
    if (!object) {
      throw new Problem(
        'unknown-release',
        `No release "${version}" is published here. /api/v1/releases lists those that are; the current one is ${newest.version}.`,
      );
    }
    found = parseJson(key, manifest, await object.text());
    earlier.set(version, found);
  }
  return found;
}

/**
 * Every release in the bucket whose manifest is there, newest first; an upload that is under way has none yet. Kept for
 * a minute.
 */
export async function publishedReleases(env: Env): Promise<PublishedRelease[]> {
  if (listed && Date.now() - listed.checked < LIST_TTL_MS) return listed.releases;
  const prefixes: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await env.RELEASES.list({ prefix: RELEASES_PREFIX, delimiter: '/', cursor });
    prefixes.push(...page.delimitedPrefixes);
    if (!page.truncated) break;
    cursor = page.cursor;
  }
  const versions = prefixes.map((prefix) => prefix.slice(RELEASES_PREFIX.length, -1));
  const manifests = await Promise.all(versions.map((version) => env.RELEASES.head(manifestKey(version))));
  const releases = versions
    .flatMap((version, i) => {
      const published = manifests[i]?.uploaded;
      return published ? [{ version, published }] : [];
    })
    .sort((a, b) => b.published.getTime() - a.published.getTime() || (a.version < b.version ? 1 : -1));
  listed = { releases, checked: Date.now() };
  return releases;
}
