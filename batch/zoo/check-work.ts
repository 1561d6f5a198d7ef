// A model from anywhere, prepared, and its gradients held to finite differences. Called in a child process: arguments
// and results are plain data.

import { UsageError } from '#shared/errors';
import type { Model } from '#shared/graph';
import { report } from '../children/index.ts';
import { loadCard } from './cards.ts';
import { type CheckedPhotos, checkGradients, type LossCheck } from './gradient-check.ts';
import { readOnnx } from './onnx.ts';
import { prepareCard } from './prepare-work.ts';

// Between the two questions that a check asks about its model.
let prepared: Model | undefined;

/** Prepares the model and gives the side of its canvas, in pixels. */
export async function sideOf(name: string, canvas: number): Promise<number> {
  prepared = await preparedOf(name, canvas);
  return Number(prepared.inputs[0].shape?.[2]);
}

/** Compares the gradients of the model that `sideOf` prepared. */
export function check(name: string, at: CheckedPhotos, directions: number, seed: number): Promise<LossCheck[]> {
  return checkGradients(name, prepared as Model, at, {
    ...{ directions, seed },
    onLoss: (loss, number, all) => report(`${loss}: loss ${number} of ${all}`),
  });
}

async function preparedOf(name: string, canvas: number): Promise<Model> {
  if (!/\.onnx$/i.test(name)) {
    const { bytes } = await prepareCard(await loadCard(name), canvas);
    return (await readOnnx(name, bytes)).model;
  }
  const { model } = await readOnnx(name);
  if (model.inputs[0]?.name !== 'canvas') {
    throw new UsageError(
      `${name} is not a prepared model: its input is "${model.inputs[0]?.name}", not "canvas". Give its card, or prepare it first with models prepare.`,
    );
  }
  return model;
}
