import { existsSync, statSync } from 'node:fs';
import { type DownloadProgress, downloadFile, hashFile } from '../files/index.ts';
import type { ZooModel } from './cards.ts';
import { modelPath, readModelBytes } from './files.ts';

export type FetchProgress = DownloadProgress;

/**
 * Downloads a model into the cache and gives its path; a download that broke off is continued. A model beside its card
 * is only checked.
 *
 * @throws AtlasError when the server fails, breaks off, or sends another file than the card describes.
 */
export async function fetchModel(
  model: ZooModel,
  options: { onProgress?: (progress: FetchProgress) => void; signal?: AbortSignal } = {},
): Promise<string> {
  const { source } = model.card;
  const path = modelPath(model);
  if (!('url' in source)) await readModelBytes(model);
  else if (
    !existsSync(path) ||
    statSync(path).size !== source.bytes ||
    (await hashFile(path, options.signal)) !== source.sha256
  )
    await downloadFile(path, source, options);
  return path;
}
