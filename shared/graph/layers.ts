// Losses over what a network computes inside, for attacks that look at no label and need no photo.
import type { Builder } from './builder.ts';
import { GraphError } from './errors.ts';
import { composeLoss } from './losses.ts';
import type { Model, Node } from './model.ts';
import { activations } from './rules/activations.ts';

/** A place in a network whose values a loss may look at. */
export interface Layer {
  /** What the convolution or matrix product gives, before anything else. */
  linear: string;
  /** What it is after normalisation and activation; the same as `linear` where none follows. */
  activated: string;
}

const linear = new Set(['Conv', 'Gemm', 'MatMul']);
const probabilities = new Set(['Softmax', 'LogSoftmax']);
const following = new Set([
  'BatchNormalization',
  'LRN',
  ...Object.keys(activations).filter((operator) => !probabilities.has(operator)),
]);

/**
 * The layers of a model between its input and its first output, in running order: convolutions and matrix products with
 * constant weights.
 *
 * The names are those of the model's values, for `withActivationEnergy` and `withActivationRatio`.
 */
export function layersOf(model: Model): Layer[] {
  const readers = new Map<string, Node[]>();
  for (const node of model.nodes)
    for (const name of new Set(node.inputs)) {
      const known = readers.get(name);
      if (known) known.push(node);
      else readers.set(name, [node]);
    }
  const onPath = pathNames(model);
  const layers: Layer[] = [];
  for (const node of model.nodes) {
    const [output] = node.outputs;
    // The matrix products that `prepare` puts first resize the canvas: they are no layers of the network.
    if (!linear.has(node.operator) || !onPath.has(output) || node.name.startsWith('prepare/')) continue;
    if (onPath.has(node.inputs[1])) continue;
    let activated = output;
    for (;;) {
      const next = readers.get(activated) ?? [];
      // An activation may be written as x * sigmoid(x): what reads x more than once ends the chain.
      if (next.length !== 1 || !following.has(next[0].operator) || next[0].inputs[0] !== activated) break;
      activated = next[0].outputs[0];
    }
    layers.push({ linear: output, activated });
  }
  return layers;
}

/** Every value that depends on the model's first input. */
function pathNames(model: Model): Set<string> {
  const names = new Set(model.inputs.slice(0, 1).map(({ name }) => name));
  for (const { inputs, outputs } of model.nodes)
    if (inputs.some((name) => names.has(name))) for (const name of outputs) names.add(name);
  return names;
}

/**
 * Negative activation energy, per sample: loss = - sum over layers of log |a_l|, |.| the L2 norm of all values of the
 * layer. K. R. Mopuri, A. Ganeshan, R. V. Babu, "Generalizable Data-free Objective for Crafting Universal Adversarial
 * Perturbations", 2018, arXiv 1801.08092.
 *
 * @param layers names of values, e.g. the `activated` of `layersOf`
 * @throws GraphError when a name is none of the model's values
 */
export function withActivationEnergy(model: Model, layers: readonly string[]): Model {
  return overLayers(model, layers, (b, a) => logNorm(b, a));
}

/** Of a ratio of activations. */
export interface RatioOptions {
  /** The share of the largest below which positive values do not count, 0..1; default 0. */
  positive?: number;
  /** The same for negative values. */
  negative?: number;
  /** Weight of the logarithm of |a-|; default 1. At 0 nothing is left of it. */
  negativeWeight?: number;
  /** The negative values of so many layers count, from the first on; default all. */
  negativeLayers?: number;
}

/**
 * Negative truncated activation ratio, per sample: loss = - sum over layers of log (|a+| / |a-|), where a+ are the
 * positive values of the layer and a- its negative ones, each without those smaller than a share of the sample's
 * largest: they are noise, not features. After Y. Liu et al., "TRM-UAP: Enhancing the Transferability of Data-Free
 * Universal Adversarial Perturbation via Truncated Ratio Maximization", ICCV 2023, which truncates by depth, to the
 * first layers: name those; `positive` and `negative` truncate by size as well.
 *
 * @param layers names of values that have both signs, e.g. the `linear` of `layersOf`
 * @throws GraphError when a name is none of the model's values
 */
export function withActivationRatio(
  model: Model,
  layers: readonly string[],
  { positive = 0, negative = 0, negativeWeight = 1, negativeLayers = layers.length }: RatioOptions = {},
): Model {
  return overLayers(model, layers, (b, a, index) => {
    const above = logNorm(b, truncated(b, a, positive));
    if (negativeWeight === 0 || index >= negativeLayers) return above;
    const below = logNorm(b, truncated(b, b.add('Neg', [a]), negative));
    return b.add('Sub', [above, negativeWeight === 1 ? below : b.mul(below, b.scalar(negativeWeight))]);
  });
}

function overLayers(
  model: Model,
  layers: readonly string[],
  write: (b: Builder, layer: string, index: number) => string,
): Model {
  if (layers.length === 0) throw new GraphError('No layer was named. layersOf(model) lists those of a model.');
  return composeLoss(
    model,
    () => [],
    (b, _logits, renamed) => {
      const values = new Set(model.nodes.flatMap(({ outputs }) => outputs));
      const unknown = layers.find((name) => !values.has(name));
      if (unknown !== undefined)
        throw new GraphError(`The model computes no "${unknown}". layersOf(model) lists the layers of a model.`);
      return b.add('Neg', [
        layers.map((name, index) => write(b, renamed(name), index)).reduce((sum, term) => b.add('Add', [sum, term])),
      ]);
    },
  );
}

/**
 * log of the L2 norm of everything that a sample has; far below any activation, the addend keeps silence from being
 * -infinity.
 */
function logNorm(b: Builder, values: string): string {
  const axes = b
    .shape(values)
    .map((_, axis) => axis)
    .slice(1);
  const energy = b.add('Add', [b.sum(b.mul(values, values), axes, false), b.scalar(1e-20)]);
  return b.mul(b.add('Log', [energy]), b.scalar(0.5));
}

/** The positive values that are at least `share` of the sample's largest, 0 elsewhere. */
function truncated(b: Builder, values: string, share: number): string {
  const positive = b.add('Relu', [values]);
  if (share === 0) return positive;
  const rank = b.shape(values).length;
  const largest = b.maximum(
    positive,
    Array.from({ length: rank - 1 }, (_, i) => i + 1),
  );
  const kept = b.add('Not', [b.add('Less', [positive, b.mul(largest, b.scalar(share))])]);
  // As a constant factor: no gradient flows through which values are kept.
  return b.mul(positive, b.mask(kept));
}
