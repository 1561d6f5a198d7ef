import { hash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AtlasError, suggestion, UsageError } from '#shared/errors';
import { LATEST_KEY, type Manifest, manifestKey, type ReleaseFile, releasePrefix } from '#shared/release';
import { DownloadError, downloadFile, hashFile, writeAtomic } from '../files/index.ts';
import { encodeLatest } from './latest.ts';
import { inParallel } from './parallel.ts';
import { TryAgain, withRetries } from './retries.ts';
import { httpSource, isWebAddress, keyUrl } from './source.ts';
import { sumsBytes, sumsProblems } from './sums.ts';
import { describeProblems } from './upload.ts';
import { readManifest } from './verify.ts';

export interface Pulled {
  version: string;
  files: number;
  bytes: number;
  /** Files that were there already, with the right bytes. */
  skipped: number;
  release: string;
  /** Whether all of the release was asked for; only then is there a latest.json. */
  whole: boolean;
}

export interface PullOptions {
  /** A version, where another one than the served is wanted. */
  version?: string;
  /**
   * Paths within the release ("tables", "perturbations/<id>", "photos/cat.jpg"), "models" or "models/<id>"; left out,
   * everything.
   */
  only?: string[];
  /** How many files travel at a time. */
  width?: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number, bytes: number) => void;
}

/**
 * Downloads the release that an address serves (e.g. https://atlas.example/data), or a part of it with its licence and
 * documents, into a folder of the same layout. Every file is checked against its hash before it gets its name; manifest
 * and latest.json come last, so that a killed download resumes, within a file too, and never looks whole.
 *
 * @throws UsageError for a part that the release does not have; AtlasError where the address serves no release, or
 * other bytes than its manifest says.
 */
export async function pullRelease(address: string, out: string, options: PullOptions = {}): Promise<Pulled> {
  const { signal, onProgress, only = [], width = 8 } = options;
  if (!isWebAddress(address))
    throw new UsageError(
      `"${address}" is no web address. Give the one under which latest.json lies, e.g. http://localhost:8787/data. (A release in a folder can be copied as it is.)`,
    );
  const root = resolve(out);
  if (existsSync(root) && !statSync(root).isDirectory())
    throw new UsageError(`${out} is a file. Name a folder with --out; it is made where it does not exist.`);
  const served = httpSource(address);
  const source = options.version ? { ...served, version: options.version } : served;
  const { version, manifest, latestBytes, manifestBytes, problems } = await readManifest(source, signal);
  if (!manifest || problems.length > 0)
    throw new AtlasError(
      `${describeProblems(`${address} serves no release${source.version ? ` ${source.version}` : ''} that can be pulled`, problems)} ${
        source.version
          ? 'Give the whole version, as in "0.1.0-1a2b3c4d"; without one, what is served now is pulled.'
          : 'Give the address under which latest.json lies, e.g. http://localhost:8787/data.'
      }`,
    );
  const files = only.length > 0 ? selected(manifest, only) : manifest.files;
  const pulled: Pulled = { version: version!, files: 0, bytes: 0, skipped: 0, release: out, whole: only.length === 0 };
  const pathOf = (key: string) => join(root, ...key.split('/'));
  const count = (bytes: number) => {
    pulled.files++;
    pulled.bytes += bytes;
    onProgress?.(pulled.files, files.length, pulled.bytes);
  };

  const fetchFile = async (file: ReleaseFile) => {
    const path = pathOf(file.key);
    if (existsSync(path) && statSync(path).size === file.bytes && (await hashFile(path, signal)) === file.sha256)
      pulled.skipped++;
    else {
      const wanted = { url: keyUrl(source.name, file.key), bytes: file.bytes, sha256: file.sha256 };
      await withRetries(
        () => downloadFile(path, wanted, { signal }).catch((error) => passing(ofDisk(error, out))),
        wanted.url,
        signal,
      );
    }
    count(file.bytes);
  };
  const save = async (key: string, bytes: Uint8Array) => {
    await writeAtomic(pathOf(key), bytes);
    count(bytes.length);
  };
  try {
    await inParallel(files, width, fetchFile, signal);
    const sumsKey = `${releasePrefix(manifest.version)}SHA256SUMS`;
    if (!manifest.files.some((file) => file.key === sumsKey)) {
      const sums = await source.read(sumsKey, signal, sumsBytes(manifest) + 1);
      const wrong = sums ? [...sumsProblems(sums, sumsKey, manifest, hash('sha256', manifestBytes!))] : [];
      if (wrong.length > 0)
        throw new AtlasError(
          `${describeProblems(`${address} serves sums that are not those of its manifest`, wrong)} They were not written, nor was the manifest. Tell whoever serves it.`,
        );
      if (sums) await save(sumsKey, sums);
    }
    await save(manifestKey(manifest.version), manifestBytes!);
    if (pulled.whole)
      await save(LATEST_KEY, latestBytes ?? encodeLatest(manifest.version, hash('sha256', manifestBytes!)));
  } catch (error) {
    throw ofDisk(error, out);
  }
  return pulled;
}

/**
 * A connection that broke off or a server that is busy is worth another attempt, which goes on where this one ended.
 */
function passing(error: unknown): never {
  if (error instanceof DownloadError && (error.status === null || error.status === 429 || error.status >= 500))
    throw new TryAgain(error.message);
  throw error;
}

/** The error of a folder that cannot be written, as a person reads it; any other as it is. */
function ofDisk(error: unknown, out: string): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (error instanceof AtlasError || !code || !syscall) return error;
  const reason = code === 'ENOSPC' ? 'no space is left on that disk' : message;
  return new AtlasError(
    `${out} cannot be written: ${reason}. Make room, or name another folder with --out; what came is kept, and the same command goes on from there.`,
  );
}

/**
 * The files of the parts that were asked for, and those at the release's top: README.md, LICENSE, SHA256SUMS and the
 * like.
 */
function selected(manifest: Manifest, only: string[]): ReleaseFile[] {
  const prefix = releasePrefix(manifest.version);
  const isAtTop = ({ key }: ReleaseFile) => key.startsWith(prefix) && !key.slice(prefix.length).includes('/');
  const keys = new Set(manifest.files.filter(isAtTop).map(({ key }) => key));
  for (const part of only.map((one) => one.replace(/^\/+|\/+$/g, ''))) {
    const models = manifest.models.filter(({ card }) => part === 'models' || part === `models/${card.id}`);
    const found = [
      ...models.flatMap(({ key, labels }) => [key, labels]),
      ...manifest.files
        .map(({ key }) => key)
        .filter((key) => key === prefix + part || key.startsWith(`${prefix}${part}/`)),
    ];
    if (found.length === 0) {
      const parts = partsOf(manifest);
      throw new UsageError(
        `Release ${manifest.version} has no part "${part}".${suggestion(part, parts)} It has ${parts.slice(0, 12).join(', ')}${parts.length > 12 ? ` and ${parts.length - 12} more` : ''}.`,
      );
    }
    for (const key of found) keys.add(key);
  }
  return manifest.files.filter(({ key }) => keys.has(key));
}

/** What can be asked for by name. */
function partsOf(manifest: Manifest): string[] {
  const prefix = releasePrefix(manifest.version);
  const folders = manifest.files.flatMap(({ key }) =>
    key.startsWith(prefix) && key.slice(prefix.length).includes('/') ? [key.slice(prefix.length).split('/')[0]] : [],
  );
  return [
    ...new Set([...folders, 'models']),
    ...manifest.perturbations.map(({ id }) => `perturbations/${id}`),
    ...manifest.models.map(({ card }) => `models/${card.id}`),
  ];
}
