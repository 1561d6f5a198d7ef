import { inChild } from '../children/index.ts';
import type { ZooModel } from './cards.ts';
import type { PreparedModel } from './prepare-work.ts';

/**
 * The prepared graph of a model, for a canvas of `canvas` pixels a side.
 * @throws UsageError when the model's file is missing or is another, when its graph cannot be prepared as the card
 * says, or when that takes more time or memory than it may.
 */
export function prepareModel(model: ZooModel, canvas: number, signal?: AbortSignal): Promise<PreparedModel> {
  const { id, source } = model.card;
  return inChild<typeof import('./prepare-work.ts'), PreparedModel>(
    new URL('./prepare-work.ts', import.meta.url),
    { what: `The model ${id}`, signal, bytes: source.bytes },
    ({ prepareCard }) => prepareCard(model, canvas),
  );
}
