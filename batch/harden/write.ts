// A hardened network as files: the model, its labels, its record, and last the card that makes them one.
import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '#shared/errors';
import { labelOf } from '#shared/metrics';
import { type ModelCard, tamperedLabel } from '#shared/release';
import { writeAtomic } from '../files/index.ts';
import type { ZooModel } from '../zoo/index.ts';
import type { Hardened } from './harden.ts';

export interface WrittenCard {
  cardPath: string;
  card: ModelCard;
  modelPath: string;
  recordPath: string;
}

/** Where the files of a hardened network go. */
export function pathsOf(model: ZooModel, folder: string) {
  const id = `${model.card.id}-hardened`;
  const at = (end: string) => join(folder, `${id}${end}`);
  return {
    id,
    model: at('.onnx'),
    card: at('.json'),
    labels: at('.labels.json'),
    record: join(folder, 'record.json'),
  };
}

/** @throws UsageError when one of the files is there already */
export function checkFree(model: ZooModel, folder: string): void {
  const { id: _, ...paths } = pathsOf(model, folder);
  const taken = Object.values(paths).find(existsSync);
  if (taken)
    throw new UsageError(`There is a ${taken} already. Choose another --out, or delete what is in that folder.`);
}

/** Writes everything, or nothing. @param record what it was made from, besides what `made` says itself */
export async function writeHardened(
  model: ZooModel,
  made: Hardened,
  folder: string,
  record: Record<string, unknown>,
): Promise<WrittenCard> {
  checkFree(model, folder);
  const paths = pathsOf(model, folder);
  const { card } = model;
  const sha256 = hash('sha256', made.bytes);
  const hardened: ModelCard = {
    ...card,
    id: paths.id,
    title: `${card.title}, hardened`,
    source: { file: `${paths.id}.onnx`, sha256, bytes: made.bytes.byteLength },
    classes: made.classes + 1,
    labels: `${paths.id}.labels.json`,
    published: null,
    hardened: { model: card.id },
    notes: `${card.id} with one more class, "${tamperedLabel}"; how it was made is in record.json beside it.`,
  };
  const contents: [string, Uint8Array | string][] = [
    [paths.model, made.bytes],
    [paths.labels, json(labelsOf(model, made.classes))],
    [paths.record, json({ ...record, ...summaryOf(made, sha256) })],
    [paths.card, json(hardened)],
  ];
  await mkdir(folder, { recursive: true });
  try {
    for (const [path, content] of contents) await writeAtomic(path, content);
  } catch (error) {
    for (const [path] of contents) await rm(path, { force: true });
    throw error;
  }
  return { cardPath: paths.card, card: hardened, modelPath: paths.model, recordPath: paths.record };
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

function labelsOf({ labels, wnids }: ZooModel, classes: number) {
  const list = Array.from({ length: classes }, (_, index) => ({
    ...{ index, label: labelOf(labels, index) },
    ...(wnids?.[index] && { wnid: wnids[index] }),
  }));
  return [...list, { index: classes, label: tamperedLabel }];
}

const summaryOf = (
  { sourceSha256, places, samples, threshold, bias, weights, calibration, baselines }: Hardened,
  sha256: string,
) => ({
  model: { sha256, source: sourceSha256 },
  places,
  statistics: weights.length,
  samples,
  detector: { bias, threshold },
  calibration,
  baselines,
});
