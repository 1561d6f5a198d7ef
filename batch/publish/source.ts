import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { AtlasError, UsageError } from '#shared/errors';
import { checkJson, notReadAsJson } from '#shared/formats';
import { LATEST_KEY, latest } from '#shared/release';
import { faultsOf, LARGEST_FILE, readStart, reasonOf } from '../files/index.ts';
import { type ExchangeOptions, exchange } from './retries.ts';

/** Where a release lies: a folder, a web address or a bucket. Keys are those of the bucket's root. */
export interface ReleaseSource {
  /** For people: the folder or address. */
  readonly name: string;
  /**
   * The file, or null where there is none. Of one that is longer than `most` bytes no more than that is read: whoever
   * wants to know whether it is asks for one byte more than it should have.
   */
  read(key: string, signal?: AbortSignal, most?: number): Promise<Uint8Array | null>;
  /** How long a file is and its SHA-256, without keeping it; the same of `most`. A source may leave it out. */
  digest?(key: string, most: number, signal?: AbortSignal): Promise<Digest | null>;
  /** Every key that is there, or undefined where that cannot be known (a web address). */
  list?(): Promise<string[]>;
  /** The version to look at instead of the one that latest.json names. */
  readonly version?: string;
}

/** How many bytes of the documents that come before any list of files are read: these are far smaller. */
export const LARGEST_LATEST = 64_000;
export const LARGEST_MANIFEST = 32e6;

export interface Digest {
  bytes: number;
  sha256: string;
}

/** `keyUrl('http://host/data', 'a b/c')` is http://host/data/a%20b/c. */
export function keyUrl(base: string, key: string): string {
  return `${base}/${key.split('/').map(encodeURIComponent).join('/')}`;
}

async function filesUnder(folder: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const nested = await Promise.all(
    entries.map((entry) =>
      entry.isDirectory() ? filesUnder(folder, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
    ),
  );
  return nested.flat();
}

/**
 * A folder that is the root of a bucket (it has latest.json), or one release of it (releases/<version>, with
 * manifest.json). @throws UsageError where it is neither.
 */
export async function folderSource(folder: string): Promise<ReleaseSource & { root: string }> {
  const path = resolve(folder);
  const has = async (name: string) => (await stat(join(path, name)).catch(() => null))?.isFile() ?? false;
  const at = (root: string, version?: string): ReleaseSource & { root: string } => ({
    name: folder,
    root,
    version,
    async read(key, _signal, most = LARGEST_FILE) {
      const file = pathIn(root, key);
      return file === null ? null : readStart(file, most).catch((error) => absent(error, file));
    },
    async digest(key, most, signal) {
      const file = pathIn(root, key);
      if (file === null || !(await stat(file).catch(() => null))?.isFile()) return null;
      const stream = createReadStream(file, { end: Math.max(0, most - 1), highWaterMark: 1 << 20 });
      return digestOf(stream, signal).catch((error) => absent(error, file));
    },
    list: () => filesUnder(root),
  });
  if (await has(LATEST_KEY)) return at(path);
  const version = basename(path);
  if ((await has('manifest.json')) && basename(dirname(path)) === 'releases')
    return at(resolve(path, '..', '..'), version);
  const releases = (await stat(join(path, 'release', LATEST_KEY)).catch(() => null))
    ? ` Did you mean ${join(folder, 'release')}?`
    : '';
  throw new UsageError(
    `${folder} is no release: it has no ${LATEST_KEY}, and is no releases/<version> folder with a manifest.json.${releases} ` +
      '`atlas run <study.json>` builds a release and prints its folder.',
  );
}

/** Where a key lies in a folder; null where that would be outside. */
function pathIn(root: string, key: string): string | null {
  const file = join(root, ...key.split('/'));
  return file.startsWith(root + sep) ? file : null;
}

function absent(error: NodeJS.ErrnoException, file: string): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EISDIR') return null;
  throw new AtlasError(`${file} cannot be read: ${reasonOf(error)}.`);
}

async function digestOf(chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * A release behind a web address: the one that its latest.json names (http://localhost:8787/data), or a named one
 * (http://localhost:8787/data/releases/<version>). Nothing can be listed, so unexpected files go unseen.
 */
export function httpSource(address: string): ReleaseSource {
  const [, base, named] = /^(.*?)(?:\/releases\/([^/]+)(?:\/manifest\.json)?|\/latest\.json)?\/*$/.exec(address)!;
  /** Not compressed on the way: a bound would count other bytes than those of the file. */
  const get = async (key: string, options: ExchangeOptions) => {
    const url = keyUrl(base, key);
    const headers = { 'accept-encoding': 'identity' };
    const answer = await exchange((signal) => fetch(url, { headers, signal }), url, options);
    const { status, statusText } = answer;
    if (status === 404) return null;
    if (status < 200 || status > 299)
      throw new AtlasError(
        `${url} answered ${`${status} ${statusText}`.trim()}. Check the address: it is the one under which latest.json lies.`,
      );
    return answer;
  };
  return {
    name: base,
    version: named && decoded(named),
    read: async (key, signal, most) => (await get(key, { signal, most }))?.bytes ?? null,
    async digest(key, most, signal) {
      let hash = createHash('sha256');
      let bytes = 0;
      const into = {
        begin() {
          hash = createHash('sha256');
          bytes = 0;
        },
        take(chunk: Uint8Array) {
          hash.update(chunk);
          bytes += chunk.byteLength;
        },
      };
      return (await get(key, { signal, most, into })) && { bytes, sha256: hash.digest('hex') };
    },
  };
}

/** @throws UsageError where a "%" begins no character. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(`"${text}" is no version: a "%" in an address has two digits behind it. Correct the address.`);
  }
}

/**
 * A folder or an http(s) address, whichever `where` is. @throws UsageError where it is neither a release's folder nor
 * an address.
 */
export async function openSource(where: string): Promise<ReleaseSource> {
  if (!/^https?:/i.test(where)) return folderSource(where);
  if (!isWebAddress(where))
    throw new UsageError(
      `"${where}" is no web address. Give the one under which latest.json lies, e.g. http://localhost:8787/data.`,
    );
  return httpSource(where);
}

export const isWebAddress = (text: string) => /^https?:\/\//i.test(text) && URL.canParse(text);

/**
 * The version that latest.json names, or null where there is none. @throws where latest.json is not as its schema says.
 */
export async function latestOf(
  source: ReleaseSource,
  signal?: AbortSignal,
): Promise<{ version: string; sha256: string } | null> {
  const bytes = await source.read(LATEST_KEY, signal, LARGEST_LATEST);
  if (!bytes) return null;
  const value = parseJson(bytes);
  const [fault] = value === undefined ? [`it ${notReadAsJson}`] : faultsOf(latest, value, 1);
  if (fault) throw new AtlasError(`${LATEST_KEY} of ${source.name} is not as it should be: ${fault}.`);
  const { version, manifest } = latest.parse(value);
  return { version, sha256: manifest.sha256 };
}

/** JSON of UTF-8 bytes; undefined where it is none, or far too large, for a schema to refuse. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    checkJson(bytes);
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
