/**
 * The release is no file of its job but a folder beside the jobs. The job remembers when it was made and by which
 * commit, so that building it again gives the same bytes.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LATEST_KEY, manifestKey } from '#shared/release';
import { currentCommit, defineStep } from '../../jobs/index.ts';
import { buildRelease } from '../../publish/index.ts';
import { type PhotoFiles, photoPath } from '../photos.ts';
import { type ReleaseInputs, releaseContent } from './content.ts';

export const releaseResult = z.object({
  version: z.string(),
  created: z.iso.datetime(),
  commit: z.string(),
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
  result: releaseResult,
  async run({ signal }, inputs, { folder, photos }, before) {
    const created = before?.result.created ?? new Date().toISOString();
    const commit = before?.result.commit ?? (await currentCommit());
    const content = await releaseContent(inputs, { created, commit, pathOf: (name) => photoPath(photos, name) });
    signal?.throwIfAborted();
    const { version, manifestSha256 } = await buildRelease(content, folder);
    return { result: { version, created, commit, manifestSha256 } };
  },
  /** Whether the folder holds this very release, as far as its manifest tells. */
  async isThere({ result }, { folder }) {
    const path = join(folder, manifestKey(result.version));
    if (!existsSync(path) || !existsSync(join(folder, LATEST_KEY))) return false;
    const manifest = await readFile(path);
    return createHash('sha256').update(manifest).digest('hex') === result.manifestSha256;
  },
});
