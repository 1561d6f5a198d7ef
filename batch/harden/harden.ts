// From a classifier, perturbations and photos to the same classifier with one more class.
import type { Place } from '#shared/graph';
import { hardenedModel, statisticsModel, type ZooModel } from '../zoo/index.ts';
import { checkRate, type LearningTask, type Learnt, learn } from './learn.ts';

export interface HardenTask extends LearningTask {
  model: ZooModel;
}

export interface Hardened extends Learnt {
  /** The ONNX file: the model's own input, logits [N, K + 1]. */
  bytes: Uint8Array;
  /** Of the plain model. */
  classes: number;
  places: Place[];
  /** Of the file that it was made from. */
  sourceSha256: string;
}

/**
 * Makes the class of a card's model: shows the network clean and perturbed pictures, fits the regression, sets the
 * threshold, and writes both into the model's graph.
 *
 * @throws UsageError for a rate that so few photos cannot hold, and for a model with no places to look at
 */
export async function harden(task: HardenTask): Promise<Hardened> {
  const { model, photos, rate, signal } = task;
  checkRate(rate, task.crafting.length);
  const { bytes, sha256, places, classes, sourceSha256 } = await statisticsModel(model, photos.size, signal);
  const learnt = await learn(task, { program: { key: sha256, bytes }, places });
  return { ...learnt, bytes: await hardenedModel(model, places, learnt, signal), classes, places, sourceSha256 };
}
