import { hash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LATEST_KEY, manifestKey, releasePrefix } from '#shared/release';
import { AtlasError } from '../errors/index.ts';
import { inParallel } from './parallel.ts';
import { httpSource, isSafeKey } from './source.ts';
import { describeProblems } from './upload.ts';
import { readManifest } from './verify.ts';

export interface Pulled {
  version: string;
  files: number;
  bytes: number;
  /** Files that were there already, with the right bytes. */
  skipped: number;
  release: string;
}

/**
 * Downloads the release that an address serves (e.g. https://atlas.example/data) into a folder of the same layout. Every
 * file is checked against its hash before it gets its name; manifest and latest.json come last, so that a killed
 * download resumes and never looks whole.
 */
export async function pullRelease(
  address: string,
  out: string,
  options: { signal?: AbortSignal; onProgress?: (done: number, total: number, bytes: number) => void } = {},
): Promise<Pulled> {
  const { signal, onProgress } = options;
  const source = httpSource(address);
  const { version, manifest, latestBytes, manifestBytes, problems } = await readManifest(source);
  if (!manifest || problems.length > 0)
    throw new AtlasError(
      `${describeProblems(`${address} serves no release that can be pulled`, problems)} Give the address under which latest.json lies, e.g. http://localhost:8787/data.`,
    );
  const root = resolve(out);
  const pulled: Pulled = { version: version!, files: 0, bytes: 0, skipped: 0, release: out };

  const save = async (key: string, bytes: Uint8Array) => {
    const path = join(root, ...key.split('/'));
    await mkdir(dirname(path), { recursive: true });
    const partial = `${path}.${process.pid}.part`;
    await writeFile(partial, bytes);
    await rename(partial, path);
    pulled.files++;
    pulled.bytes += bytes.length;
  };
  const total = manifest.files.length;
  const fetchFile = async (file: (typeof manifest.files)[number]) => {
    if (!isSafeKey(file.key))
      throw new AtlasError(
        `${address} lists the key ${JSON.stringify(file.key)}, which is no safe file name. Nothing was written for it.`,
      );
    const there = await readFile(join(root, ...file.key.split('/'))).catch(() => null);
    if (there && hash('sha256', there) === file.sha256) {
      pulled.skipped++;
      pulled.files++;
      pulled.bytes += there.length;
    } else {
      const bytes = await source.read(file.key, signal);
      if (!bytes)
        throw new AtlasError(
          `${address} lists ${file.key} and does not serve it. Pull again later, or tell who publishes it.`,
        );
      if (hash('sha256', bytes) !== file.sha256)
        throw new AtlasError(
          `${file.key} of ${address} does not have the bytes that its manifest promises. Nothing was written for it. Pull again; if it stays so, tell who publishes it.`,
        );
      await save(file.key, bytes);
    }
    onProgress?.(pulled.files, total, pulled.bytes);
  };
  await inParallel(manifest.files, 8, fetchFile, signal);
  const sumsKey = `${releasePrefix(manifest.version)}SHA256SUMS`;
  if (!manifest.files.some((file) => file.key === sumsKey)) {
    const sums = await source.read(sumsKey, signal);
    if (sums) await save(sumsKey, sums);
  }
  await save(manifestKey(manifest.version), manifestBytes!);
  await save(LATEST_KEY, latestBytes!);
  return pulled;
}
