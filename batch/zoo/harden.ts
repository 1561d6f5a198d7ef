import type { Detector, Place } from '#shared/graph';
import { inChild, type Remote } from '../children/index.ts';
import type { ZooModel } from './cards.ts';
import type { StatisticsModel } from './harden-work.ts';

type Work = typeof import('./harden-work.ts');

/**
 * The prepared graph of a model with the output `statistics` beside its logits, and the places that they are of.
 * @throws UsageError as `prepareModel`, and for a model that has no places
 */
export const statisticsModel = (model: ZooModel, canvas: number, signal?: AbortSignal): Promise<StatisticsModel> =>
  working(model, signal, ({ statisticsOfCard }) => statisticsOfCard(model, canvas));

/**
 * The model's file with one more class: its own input, logits [N, K + 1].
 * @throws UsageError as `prepareModel`
 */
export const hardenedModel = (
  model: ZooModel,
  places: readonly Place[],
  { weights, bias, threshold }: Detector,
  signal?: AbortSignal,
): Promise<Uint8Array> =>
  working(model, signal, ({ hardenedCard }) => hardenedCard(model, places, { weights, bias, threshold }));

const working = <Result>(
  { card: { id, source } }: ZooModel,
  signal: AbortSignal | undefined,
  work: (call: Remote<Work>) => Promise<Result>,
) =>
  inChild<Work, Result>(
    new URL('./harden-work.ts', import.meta.url),
    { what: `The model ${id}`, signal, bytes: source.bytes },
    work,
  );
