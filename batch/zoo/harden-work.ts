// What hardening does with the graph of a card's file. Called in a child process (see harden.ts).
import {
  classifierOf,
  type Detector,
  type Model,
  type Place,
  prepare,
  statisticPlaces,
  withExtraClass,
  withStatistics,
  writeModel,
} from '#shared/graph';
import { naming } from '#shared/zoo';
import type { ZooModel } from './cards.ts';
import { hashOf, modelPath, readModelBytes } from './files.ts';
import { readOnnx } from './onnx.ts';

export interface StatisticsModel {
  /** ONNX: canvas [N,3,S,S] in, logits [N,K] and statistics [N,F] out, any N. */
  bytes: Uint8Array;
  sha256: string;
  /** Names of values that the classifier of the file has as well. */
  places: Place[];
  classes: number;
  /** Of the file it was made from. */
  sourceSha256: string;
}

export async function statisticsOfCard(model: ZooModel, canvas: number): Promise<StatisticsModel> {
  const { classifier, sourceSha256 } = await classifierIn(model);
  const { bytes, places } = cannot(model, () => {
    const places = statisticPlaces(classifier);
    const prepared = prepare(classifier, { ...model.card.preprocessing, canvas });
    return { places, bytes: writeModel(withStatistics(prepared, places)) };
  });
  return { bytes, sha256: hashOf(bytes), places, classes: Number(classifier.outputs[0].shape?.[1]), sourceSha256 };
}

export async function hardenedCard(model: ZooModel, places: readonly Place[], detector: Detector): Promise<Uint8Array> {
  const { classifier } = await classifierIn(model);
  return cannot(model, () => writeModel(withExtraClass(classifier, places, detector)));
}

async function classifierIn(model: ZooModel): Promise<{ classifier: Model; sourceSha256: string }> {
  const source = await readModelBytes(model);
  const { model: graph } = await readOnnx(modelPath(model), source);
  const classifier = cannot(model, () => classifierOf(graph, model.card.preprocessing));
  return { classifier, sourceSha256: hashOf(source) };
}

const cannot = <Result>({ card }: ZooModel, work: () => Result): Result =>
  naming(`The model ${card.id} cannot be hardened`, work);
