// The same for a graph that is prepared already: what a study hardens.

import { UsageError } from '#shared/errors';
import {
  GraphError,
  type Place,
  readModel,
  statisticPlaces,
  withExtraClass,
  withStatistics,
  writeModel,
} from '#shared/graph';
import { sha256Hex } from '#shared/release';
import { checkRate, type LearningTask, type Learnt, learn } from './learn.ts';

export interface HardenPreparedTask extends LearningTask {
  /** A prepared model: canvas [N,3,S,S] to logits [N,K]. */
  prepared: Uint8Array;
  /** As it is called in messages. */
  id: string;
}

export interface HardenedPrepared extends Learnt {
  /** A prepared model: canvas [N,3,S,S] to logits [N,K + 1]. */
  bytes: Uint8Array;
  places: Place[];
}

/**
 * Makes the class of a prepared model.
 * @throws UsageError for a rate that so few photos cannot hold, and for a model with no places to look at
 */
export async function hardenPrepared(task: HardenPreparedTask): Promise<HardenedPrepared> {
  checkRate(task.rate, task.crafting.length);
  const model = readModel(task.prepared);
  const places = placesOf(task);
  const bytes = writeModel(withStatistics(model, places));
  const learnt = await learn(task, { program: { key: sha256Hex(bytes), bytes }, places });
  return { ...learnt, bytes: writeModel(withExtraClass(model, places, learnt)), places };
}

function placesOf({ id, prepared }: HardenPreparedTask): Place[] {
  try {
    return statisticPlaces(readModel(prepared));
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new UsageError(`The model ${id} cannot be hardened: ${error.message}`, { cause: error });
  }
}
