// What the channels of a network do over a picture, and one more class that is decided by it.
import { Builder } from './builder.ts';
import { GraphError } from './errors.ts';
import { halves } from './half.ts';
import { int, ints, type Model, type Value } from './model.ts';
import { renameValues } from './names.ts';
import type { Place } from './places.ts';
import { floats } from './tensor.ts';

/** Keeps the logarithm of a channel that does not vary from being -infinity. */
export const varianceFloor = 1e-4;

/**
 * Positions a side at which a map of channels is looked at, at most: those of a larger one are too many for the time
 * that looking may take, and say no more.
 */
export const largestGrid = 16;

/** Statistics of so many numbers: the mean and the logarithm of the variance of each channel. */
export const statisticsOf = (places: readonly Place[]): number =>
  places.reduce((sum, { channels }) => sum + 2 * channels, 0);

/**
 * The model with one more output, `statistics` [N, F]: the mean of each channel of each place over its positions, and
 * then log(variance + 1e-4) of each, both in order: first those of all places whose maps have the form of the first
 * place's, then those of the first other form, and so on. A map of more than 16 positions a side is looked at on a
 * regular grid of them: every second position of 17 to 32, every third of 33 to 48, and so on.
 *
 * @param places of `statisticPlaces`, of this model or of one with the same names
 * @throws GraphError when the model lacks one of them
 */
export function withStatistics(model: Model, places: readonly Place[]): Model {
  const b = builderOf(model, places);
  const joined = statistics(b, places);
  const outputs: Value[] = [...model.outputs, { name: joined, type: 'float32', shape: b.shape(joined) }];
  return renameValues(b.finish({ outputs }), new Map([[joined, 'statistics']]));
}

/** A linear decision over the statistics. */
export interface Detector {
  /** [F]. */
  weights: ArrayLike<number>;
  /** The score at statistics of zero. */
  bias: number;
  /** The class wins where the score exceeds it. */
  threshold: number;
  /** How many logits a score of 1 above the threshold is worth; default 1. */
  sharpness?: number;
}

/**
 * The model with one more class, the last: logits [N, K + 1], of which the new one is
 * max(logits) + sharpness * (weights . statistics + bias - threshold).
 *
 * So it wins exactly where the score exceeds the threshold, up to the rounding of float32, and elsewhere nothing that
 * the model says has changed. The weights are stored as float16, with one scale for all.
 *
 * @param model its first output is logits [N, K]
 * @throws GraphError when there is not one weight for each statistic, or the model lacks a place
 */
export function withExtraClass(model: Model, places: readonly Place[], detector: Detector): Model {
  const { weights, bias, threshold, sharpness = 1 } = detector;
  const [output] = model.outputs;
  const classes = output?.shape?.[1];
  if (typeof classes !== 'number' || output.shape?.length !== 2)
    throw new GraphError(
      `The output "${output?.name}" has shape [${output?.shape}], not [N, classes]. Take the classifier out of the model first.`,
    );
  if (weights.length !== statisticsOf(places))
    throw new GraphError(`There are ${weights.length} weights for ${statisticsOf(places)} statistics.`);
  const plain = freeName(model, `${output.name}/plain`);
  const renamed = renameValues(model, new Map([[output.name, plain]]));
  const b = builderOf(renamed, places);
  const { scale, tensor } = compact(weights);
  const column = b.add('Reshape', [b.add('Cast', [b.constant(tensor, 'weights')], { to: int(1) }), b.ints([-1, 1])]);
  const sum = b.add('MatMul', [statistics(b, places), column]);
  const excess = b.add('Add', [b.mul(sum, b.scalar(sharpness * scale)), b.scalar(sharpness * (bias - threshold))]);
  const added = b.add('Add', [b.maximum(plain, [1]), excess]);
  const joined = b.add('Concat', [plain, added], { axis: int(1) });
  const outputs: Value[] = [{ ...output, name: joined, shape: [output.shape[0], classes + 1] }];
  return renameValues(b.finish({ outputs }), new Map([[joined, output.name]]));
}

function freeName({ nodes, constants }: Model, wanted: string): string {
  const taken = new Set([...constants.keys(), ...nodes.flatMap(({ outputs }) => outputs)]);
  let name = wanted;
  while (taken.has(name)) name += '+';
  return name;
}

/** What the weights of a detector are once `withExtraClass` has stored them, so that a bias can be made to fit. */
export function storedWeights(weights: ArrayLike<number>): Float64Array {
  const { scale, rounded } = compact(weights);
  return rounded.map((weight) => weight * scale);
}

/** As float16 in units of `scale`, so that the largest is near the largest float16 and small ones keep their digits. */
function compact(weights: ArrayLike<number>) {
  let largest = 0;
  for (let i = 0; i < weights.length; i++) largest = Math.max(largest, Math.abs(weights[i]));
  const scale = largest > 0 ? largest / 2 ** 15 : 1;
  return { scale, ...halves(Array.from(weights, (weight) => weight / scale)) };
}

function builderOf(model: Model, places: readonly Place[]): Builder {
  const b = new Builder(model);
  b.scope = 'statistics';
  const unknown = places.find(({ name }) => !b.facts.types.has(name));
  if (unknown)
    throw new GraphError(
      `The model computes no "${unknown.name}". statisticPlaces(model) lists the places of a model.`,
    );
  if (places.length === 0) throw new GraphError('No place was named. statisticPlaces(model) lists those of a model.');
  return b;
}

/**
 * [N, F]. As few nodes as it takes: in a network of a few milliseconds it is they that cost, not what they compute. So
 * maps of the same form are taken together.
 */
function statistics(b: Builder, places: readonly Place[]): string {
  const means: string[] = [];
  const variances: string[] = [];
  for (const alike of Map.groupBy(places, (place) => formOf(b, place)).values()) {
    const maps = alike.map((place) => onGrid(b, place));
    const [{ axis }] = alike;
    const value = maps.length > 1 ? b.add('Concat', maps, { axis: int(axis) }) : maps[0];
    const place = { axis, channels: alike.reduce((sum, { channels }) => sum + channels, 0) };
    const mean = average(b, value, axis);
    const apart = b.add('Sub', [value, mean]);
    means.push(asMap(b, mean, place));
    variances.push(asMap(b, average(b, b.mul(apart, apart), axis), place));
  }
  const along = { axis: int(1) };
  const spread = b.add('Add', [b.add('Concat', variances, along), b.constant(floats([varianceFloor], []))]);
  const all = b.add('Concat', [...means, b.add('Log', [spread])], along);
  return b.add('Reshape', [all, b.ints([0, statisticsOf(places)])]);
}

/** What maps share that can be taken together: all sizes on the grid but the number of channels. */
function formOf(b: Builder, place: Place): string {
  const shape = b.shape(place.name).map((dim, axis) => (axis === place.axis ? 'channels' : dim));
  const step = stepOf(b, place);
  return shape.map((dim, axis) => (axis > 1 ? Math.ceil(Number(dim) / step) : dim)).join();
}

/** A large map of channels at every second, third, … of its positions, by a pooling that pools nothing. */
function onGrid(b: Builder, place: Place): string {
  const step = stepOf(b, place);
  return step === 1
    ? place.name
    : b.add('MaxPool', [place.name], { kernel_shape: ints([1, 1]), strides: ints([step, step]) });
}

function stepOf(b: Builder, { name, axis }: Place): number {
  const shape = b.shape(name);
  return axis === 1 && shape.length === 4 ? Math.ceil(Math.max(...shape.slice(2).map(Number)) / largestGrid) : 1;
}

/** [N, C, 1, 1], whatever axis the channels lie on. */
const asMap = (b: Builder, value: string, { channels, axis }: Omit<Place, 'name'>): string =>
  axis === 1 && b.shape(value).length === 4 ? value : b.add('Reshape', [value, b.ints([0, channels, 1, 1])]);

/**
 * The mean of each channel over its positions, which stay as axes of size 1. A pooling where there is one, since that
 * is fastest; else a reduction, whose axes are an attribute of the operator up to set 17, then an input.
 */
function average(b: Builder, value: string, axis: number): string {
  const rank = b.shape(value).length;
  if (axis === 1 && rank === 4) return b.add('GlobalAveragePool', [value]);
  const axes = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== 0 && i !== axis);
  return b.model.opset < 18
    ? b.add('ReduceMean', [value], { axes: ints(axes) })
    : b.add('ReduceMean', [value, b.ints(axes)]);
}
