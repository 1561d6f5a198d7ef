import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { LATEST_KEY, latest } from '#shared/release';
import { AtlasError, UsageError } from '../errors/index.ts';
import { exchange } from './retries.ts';

/** Where a release lies: a folder, a web address or a bucket. Keys are those of the bucket's root. */
export interface ReleaseSource {
  /** For people: the folder or address. */
  readonly name: string;
  /** The whole file, or null where there is none. */
  read(key: string, signal?: AbortSignal): Promise<Uint8Array | null>;
  /** Every key that is there, or undefined where that cannot be known (a web address). */
  list?(): Promise<string[]>;
  /** The version to look at instead of the one that latest.json names. */
  readonly version?: string;
}

/**
 * Keys become paths and addresses: one that climbs out of its folder, or has a character that neither carries, is
 * refused.
 */
export function isSafeKey(key: string): boolean {
  const parts = key.split('/');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return !/[\\\u0000-\u001f\u007f:]/.test(key) && parts.every((part) => part !== '' && part !== '.' && part !== '..');
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
    async read(key) {
      const file = join(root, ...key.split('/'));
      if (!file.startsWith(root + sep)) return null;
      return readFile(file).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EISDIR') return null;
        throw new AtlasError(`${file} cannot be read: ${error.message}.`);
      });
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

/**
 * A release behind a web address: the one that its latest.json names (http://localhost:8787/data), or a named one
 * (http://localhost:8787/data/releases/<version>). Nothing can be listed, so unexpected files go unseen.
 */
export function httpSource(address: string): ReleaseSource {
  const [, base, version] = /^(.*?)(?:\/releases\/([^/]+)(?:\/manifest\.json)?|\/latest\.json)?\/*$/.exec(address)!;
  return {
    name: base,
    version: version && decodeURIComponent(version),
    async read(key, signal) {
      const url = keyUrl(base, key);
      const { status, statusText, bytes } = await exchange((either) => fetch(url, { signal: either }), url, { signal });
      if (status === 404) return null;
      if (status < 200 || status > 299)
        throw new AtlasError(
          `${url} answered ${`${status} ${statusText}`.trim()}. Check the address: it is the one under which latest.json lies.`,
        );
      return bytes;
    },
  };
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
  const bytes = await source.read(LATEST_KEY, signal);
  if (!bytes) return null;
  const parsed = latest.safeParse(parseJson(bytes));
  if (!parsed.success)
    throw new AtlasError(`${LATEST_KEY} of ${source.name} is not as it should be: ${parsed.error.issues[0].message}.`);
  return { version: parsed.data.version, sha256: parsed.data.manifest.sha256 };
}

/** JSON of UTF-8 bytes; undefined where it is none, for a schema to refuse. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
