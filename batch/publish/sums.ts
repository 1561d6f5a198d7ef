import { type Manifest, manifestKey, releasePrefix } from '#shared/release';
import type { Problem } from './problems.ts';

/** The longest that SHA256SUMS of a release can be: a line for each file, in the longer of the two ways to name it. */
export const sumsBytes = ({ files, version }: Manifest) =>
  [manifestKey(version), ...files.map(({ key }) => key)].reduce((sum, key) => sum + 80 + 3 * key.length, 0);

/**
 * SHA256SUMS against the manifest. Its paths are relative to releases/<version>/, as `sha256sum -c` reads them there.
 */
export function* sumsProblems(
  bytes: Uint8Array,
  key: string,
  manifest: Manifest,
  manifestSha256: string,
): Generator<Problem> {
  if (bytes.length > sumsBytes(manifest)) {
    yield { key, problem: 'is longer than the sums of all files that the manifest has' };
    return;
  }
  const prefix = releasePrefix(manifest.version);
  const known = new Map(manifest.files.map((file) => [file.key, file.sha256]));
  known.set(manifestKey(manifest.version), manifestSha256);
  const summed = new Set<string>();
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    if (line === '') continue;
    const [, sha256, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (!path) {
      yield { key, problem: `has a line that sha256sum does not understand: ${line.slice(0, 80)}` };
      continue;
    }
    const file = path.startsWith('../../') ? path.slice('../../'.length) : prefix + path.replace(/^\.\//, '');
    summed.add(file);
    if (!known.has(file)) yield { key, problem: `names ${path}, which the manifest does not have` };
    else if (known.get(file) !== sha256) yield { key, problem: `gives ${path} another hash than the manifest` };
  }
  const left = manifest.files.filter(
    (file) => file.key.startsWith(prefix) && file.key !== key && file.key !== manifest.run && !summed.has(file.key),
  );
  if (left.length > 0) yield { key, problem: `lacks ${left.length} files, ${left[0].key} among them` };
}
