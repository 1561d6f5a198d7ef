/**
 * The release is no file of its job but a folder beside the jobs. The job remembers when and where it was made, so that
 * building it again gives the same bytes.
 */
import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { LATEST_KEY, manifestKey, type ReleaseRun, releaseRun } from '#shared/release';
import { currentCommit, defineStep, type Outputs } from '../../jobs/index.ts';
import { buildRelease } from '../../publish/index.ts';
import { type PhotoFiles, photoPath } from '../photos.ts';
import { type ReleaseInputs, releaseContent } from './content.ts';

export const releaseResult = z.object({
  version: z.string(),
  run: releaseRun,
  manifestSha256: z.string(),
});
export type ReleaseResult = z.infer<typeof releaseResult>;

interface Place {
  /** Where the release is laid out: the root of a bucket. */
  folder: string;
  photos: PhotoFiles;
}

export const releaseStep = defineStep<ReleaseInputs, ReleaseResult, Place>({
  name: 'release',
  source: import.meta.url,
  isLocal: true,
  result: releaseResult,
  async run({ signal }, inputs, { folder, photos }, before) {
    const run = before?.result.run ?? (await thisRun(inputs));
    const content = await releaseContent(inputs, { run, pathOf: (name) => photoPath(photos, name) });
    signal?.throwIfAborted();
    const { version, manifestSha256 } = await buildRelease(content, folder);
    return { result: { version, run, manifestSha256 } };
  },
  /** Whether the folder holds this very release, as far as its manifest tells. */
  async isThere({ result }, { folder }) {
    const path = join(folder, manifestKey(result.version));
    if (!existsSync(path) || !existsSync(join(folder, LATEST_KEY))) return false;
    const manifest = await readFile(path);
    return hash('sha256', manifest) === result.manifestSha256;
  },
});

/** Now and here. */
async function thisRun({ perturbations }: Outputs<ReleaseInputs>): Promise<ReleaseRun> {
  return {
    schema: 1,
    created: new Date().toISOString(),
    commit: await currentCommit(),
    machine: {
      platform: process.platform,
      architecture: process.arch,
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memory: totalmem(),
      node: process.version,
    },
    perturbations: perturbations.map(({ id, crafted: { commit, result } }) => ({
      ...{ id, commit, seconds: result.seconds },
    })),
  };
}
