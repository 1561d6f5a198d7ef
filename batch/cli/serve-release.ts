/** Which release a folder has, and when it has another one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AtlasError } from '#shared/errors';
import { LATEST_KEY } from '#shared/release';
import { folderSource, readManifest } from '../publish/index.ts';

export interface ServedRelease {
  /** With latest.json. */
  folder: string;
  version: string;
  /** Of its manifest. */
  sha256: string;
}

/** Milliseconds between two looks at latest.json. */
const interval = 1000;

/** @throws AtlasError where there is none that can be read. */
export async function releaseIn(folder: string): Promise<ServedRelease> {
  const { manifest, sha256, problems } = await readManifest(await folderSource(folder));
  if (manifest && problems.length === 0) return { folder, version: manifest.version, sha256 };
  const [first] = problems;
  throw new AtlasError(
    `${folder} cannot be served: ${first.key} ${first.problem}. \`atlas verify ${folder}\` says more; build it again with \`atlas run\`.`,
  );
}

/** Waits until the folder of a release has another one. Without end where that never happens, or after the signal. */
export async function newerIn({ folder, sha256 }: ServedRelease, signal: AbortSignal): Promise<ServedRelease> {
  for (let last = ''; ; ) {
    // A folder that is being replaced has no release for a moment.
    const latest = await readFile(join(folder, LATEST_KEY), 'utf8').catch(() => last);
    if (latest !== last) {
      const found = await releaseIn(folder).catch(() => null);
      if (found && found.sha256 !== sha256) return found;
      if (found) last = latest;
    }
    await setTimeout(interval, undefined, { signal }).catch(() => new Promise<never>(() => undefined));
  }
}
