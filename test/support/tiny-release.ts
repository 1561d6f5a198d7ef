import { hash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Manifest, manifestKey, releasePrefix } from '#shared/release';

/**
 * Writes a whole release of two small files, its sums, its manifest and latest.json: no models, no perturbations, and
 * bytes of its own.
 */
export async function writeTinyRelease(root: string, version: string, created: string): Promise<Manifest> {
  const prefix = releasePrefix(version);
  const contents = new Map(
    ['README.md', 'LICENSE'].map((name) => [`${prefix}${name}`, `${name} of ${version}\n`.repeat(40)]),
  );
  const files = [...contents].map(([key, text]) => ({
    key,
    sha256: hash('sha256', text),
    bytes: text.length,
    mediaType: 'text/plain; charset=utf-8',
  }));
  const manifest: Manifest = {
    schema: 1,
    version,
    created,
    title: 'A tiny release',
    description: '',
    licence: 'CC0-1.0',
    study: 'tiny',
    commit: 'unknown',
    provider: 'cpu',
    seeds: [],
    canvas: 8,
    models: [],
    perturbations: [],
    tables: [],
    photos: [],
    files,
  };
  const manifestText = JSON.stringify(manifest);
  const pointer = { version, manifest: { key: manifestKey(version), sha256: hash('sha256', manifestText) } };
  contents.set(
    `${prefix}SHA256SUMS`,
    files.map(({ key, sha256 }) => `${sha256}  ${key.slice(prefix.length)}\n`).join(''),
  );
  contents.set(manifestKey(version), manifestText);
  contents.set('latest.json', JSON.stringify(pointer));
  for (const [key, text] of contents) {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), text);
  }
  return manifest;
}
