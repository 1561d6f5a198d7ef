/** The kinds of loss that can be written into a model's graph. */

import {
  type Layer,
  layersOf,
  type Model,
  withActivationEnergy,
  withActivationRatio,
  withCosine,
  withCotangent,
  withCrossEntropy,
  withMargin,
} from '#shared/graph';

type None = Record<never, never>;

/** Every kind, with all that its graph depends on besides the model. */
export interface LossParameters {
  /** `clampAt`: loss in nats above which a photo has no gradient. */
  'cross-entropy': { clampAt?: number };
  /** `clampAt`: margin between logits above which a photo has no gradient. */
  margin: { clampAt?: number };
  /** `evade`: of a hardened surrogate the weight of the class "tampered with", which is its last. */
  cosine: { evade?: number };
  /**
   * `depth`: share of the layers, from the first on, that count. `of`: their outputs after normalisation and activation
   * (left out), or before.
   */
  'activation energy': { depth: number; of?: keyof Layer };
  /** `negative`: weight of the negative outputs, and `negativeDepth`: the share of the layers that they count of. */
  'activation ratio': { depth: number; negative?: number; negativeDepth?: number };
  /** Sums of logits, weighted by the input `cotangent`. */
  'weighted logits': None;
}
export type LossKind = keyof LossParameters;

/** A loss as plain data: there is nothing else that its graph could be made from. */
export type Loss<Kind extends LossKind = LossKind> = {
  [K in Kind]: { kind: K; parameters: LossParameters[K] };
}[Kind];

const graphs: { [K in LossKind]: (model: Model, parameters: LossParameters[K]) => Model } = {
  'cross-entropy': withCrossEntropy,
  margin: withMargin,
  cosine: withCosine,
  'activation energy': (model, { depth, of = 'activated' }) =>
    withActivationEnergy(model, firstLayers(model, depth, of)),
  'activation ratio': (model, { depth, negative, negativeDepth = depth }) =>
    withActivationRatio(model, firstLayers(model, depth, 'linear'), {
      negativeWeight: negative,
      negativeLayers: firstLayers(model, negativeDepth, 'linear').length,
    }),
  'weighted logits': (model) => withCotangent(model),
};

/** The model with an output `loss` [N], and the inputs that the loss needs. */
export function withLoss<Kind extends LossKind>(model: Model, { kind, parameters }: Loss<Kind>): Model {
  return graphs[kind](model, parameters);
}

function firstLayers(model: Model, share: number, which: keyof Layer): string[] {
  const all = layersOf(model);
  return all.slice(0, Math.max(1, Math.round(share * all.length))).map((layer) => layer[which]);
}
