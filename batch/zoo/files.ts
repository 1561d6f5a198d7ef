import { hash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type AtlasError, megabytes, UsageError } from '#shared/errors';
import { readBytes, reasonOf } from '../files/index.ts';
import { resolveFromCard, type ZooModel } from './cards.ts';

/** Where fetched models are kept: ATLAS_CACHE, else perturbation-atlas in XDG_CACHE_HOME or ~/.cache. */
export function cacheFolder(): string {
  return process.env.ATLAS_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'perturbation-atlas');
}

/** The model's .onnx file: beside its card, or its place in the cache, where it may not be yet. */
export function modelPath({ card, cardPath }: ZooModel): string {
  return 'file' in card.source
    ? resolveFromCard(cardPath, card.source.file)
    : join(cacheFolder(), 'models', `${card.source.sha256}.onnx`);
}

/** Whether the model's file is on this disk. */
export function isFetched(model: ZooModel): boolean {
  return existsSync(modelPath(model));
}

/**
 * The model's .onnx file, after a check of its size and SHA-256 where the card gives them.
 * @throws UsageError when it is not there or is not the file of the card.
 */
export async function readModelBytes(model: ZooModel): Promise<Uint8Array> {
  const { card } = model;
  const path = modelPath(model);
  if (!existsSync(path)) {
    throw new UsageError(
      'url' in card.source
        ? `The model ${card.id} is not on this machine (${megabytes(card.source.bytes)} from ${card.source.url}). Fetch it once with \`atlas models fetch ${card.id}\`.`
        : `The model file ${path} of the card ${model.cardPath} does not exist. Put it there, or correct the card's source.`,
    );
  }
  const { size } = statSync(path);
  if (card.source.bytes !== undefined && size !== card.source.bytes) {
    throw notTheFile(model, path, `${size} bytes instead of ${card.source.bytes}`);
  }
  const bytes = await readBytes(path).catch((error: unknown) => {
    throw new UsageError(
      `The model file ${path} of the card ${model.cardPath} cannot be read: ${reasonOf(error)}. Correct the card's source.`,
    );
  });
  if (card.source.sha256 !== undefined) {
    const sha256 = hashOf(bytes);
    if (sha256 !== card.source.sha256)
      throw notTheFile(model, path, `SHA-256 ${sha256} instead of ${card.source.sha256}`);
  }
  return bytes;
}

/** SHA-256 in hexadecimal, by the platform: models reach half a gigabyte. */
export const hashOf = (bytes: Uint8Array) => hash('sha256', bytes);

function notTheFile({ card }: ZooModel, path: string, detail: string): AtlasError {
  const remedy =
    'url' in card.source
      ? `Delete it and run \`atlas models fetch ${card.id}\`.`
      : 'Put the right file there, or correct the card if the file was changed on purpose.';
  return new UsageError(`${path} is not the file that the card of ${card.id} describes: ${detail}. ${remedy}`);
}
