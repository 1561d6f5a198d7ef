// Where in a network statistics of its values say most about a picture.
import { channelAxes } from './channels.ts';
import { GraphError } from './errors.ts';
import { layersOf } from './layers.ts';
import type { Dim, Model, Node, ValueType } from './model.ts';
import { pathBetween } from './paths.ts';
import { activations } from './rules/activations.ts';
import { inferShapes } from './shapes.ts';

/** A value of a network that has channels, each of which varies over the picture. */
export interface Place {
  /** Of the value. */
  name: string;
  /** Axis of the channels. */
  axis: number;
  channels: number;
}

/** As many as a network of any depth was measured with. */
const usualCount = 14;
/**
 * The share of a network, from its input on, that places are spread over. What lies deeper says more of what a picture
 * shows than of what was done to it: with a few hundred photos to learn from it only disturbs.
 */
const usualDepth = 1 / 3;
/** With fewer of the values that are looked for first, what layers give counts as well. */
const fewest = 4;

/** Steps of a function that is written out, gates between 0 and 1, and probabilities: no features. */
const noFeatures = new Set(['Erf', 'HardSigmoid', 'LogSoftmax', 'Sigmoid', 'Softmax', 'Tanh']);
const joining = new Set(['Add', 'Concat', 'Mul']);

/**
 * Places at which `withStatistics` looks, in running order: `count` spread evenly over the first third of all that come
 * into question, or over the first `count` where a third is fewer; all of them where there are no more.
 *
 * In a network of convolutions those are the outputs of activations, and where two paths meet by Add, Concat or a gate;
 * in a transformer, most of whose layers are matrix products, the outputs of its layer normalisations. A place has the
 * batch as an axis of its own, an axis of channels, and more than one position.
 *
 * @param model a classifier, prepared or as its file has it
 * @throws GraphError when it has none
 */
export function statisticPlaces(
  model: Model,
  { count = usualCount, depth = usualDepth }: { count?: number; depth?: number } = {},
): Place[] {
  const types = inferShapes(model);
  const [input] = model.inputs;
  const path = pathBetween(model, types, input.name, model.outputs[0].name);
  const axes = channelAxes(model, types);
  const batch = input.shape?.[0];
  const placed = (names: readonly string[]) => names.flatMap((name) => placeOf(name, types, axes, batch) ?? []);

  const layers = layersOf(model);
  const normalised = isTransformer(layers, model) ? placed(normalisations(path)) : [];
  const found = normalised.length >= fewest ? normalised : placed(features(path));
  const all =
    found.length >= fewest ? found : inOrder(path, [...found, ...placed(layers.map((layer) => layer.activated))]);
  if (all.length === 0)
    throw new GraphError(
      'The model has no place with channels that vary over the picture, so there is nothing to take statistics of. Only networks of convolutions or of tokens have such places.',
    );
  if (all.length <= count) return all;
  return spread(all.slice(0, Math.max(count, Math.ceil(depth * all.length))), count);
}

function placeOf(
  name: string,
  types: ReadonlyMap<string, ValueType>,
  axes: ReadonlyMap<string, number>,
  batch: Dim | undefined,
): Place | undefined {
  const { shape, type } = types.get(name) ?? {};
  const axis = axes.get(name);
  if (type !== 'float32' || !shape || axis === undefined || axis === 0 || shape[0] !== batch) return undefined;
  const sizes = shape.slice(1);
  if (!sizes.every((dim) => typeof dim === 'number')) return undefined;
  const channels = Number(shape[axis]);
  const positions = sizes.reduce((all, dim) => all * dim, 1) / channels;
  return positions > 1 ? { name, axis, channels } : undefined;
}

/** Outputs of activations, and of what joins two values that depend on the picture. */
function features(path: readonly Node[]): string[] {
  const onPath = new Set(path.flatMap(({ outputs }) => outputs));
  return path.flatMap(({ operator, inputs, outputs }) => {
    const joins = joining.has(operator) && inputs.filter((name) => onPath.has(name)).length > 1;
    const activates = Object.hasOwn(activations, operator) && !noFeatures.has(operator);
    return joins || activates ? [outputs[0]] : [];
  });
}

/** Outputs of layer normalisations, in one node or written out as (x - mean) / sqrt(variance + e) * scale + shift. */
function normalisations(path: readonly Node[]): string[] {
  const makers = new Map(path.flatMap((node) => node.outputs.map((name) => [name, node])));
  const onPath = new Set(makers.keys());
  return path.flatMap((node) => {
    if (node.operator === 'LayerNormalization') return [node.outputs[0]];
    const deviation = node.operator === 'Div' ? makers.get(node.inputs[1]) : undefined;
    const shifted = deviation?.operator === 'Sqrt' ? makers.get(deviation.inputs[0]) : undefined;
    const variance = shifted?.inputs.map((name) => makers.get(name)?.operator);
    return variance?.includes('ReduceMean') ? [affine(node.outputs[0], path, onPath)] : [];
  });
}

/** What a value is after a scale and a shift by constants. */
function affine(name: string, path: readonly Node[], onPath: ReadonlySet<string>): string {
  for (;;) {
    const readers = path.filter(({ inputs }) => inputs.includes(name));
    const [reader] = readers;
    const constant = reader?.inputs.length === 2 && reader.inputs.filter((input) => onPath.has(input)).length === 1;
    if (readers.length !== 1 || !constant || !['Add', 'Mul'].includes(reader.operator)) return name;
    name = reader.outputs[0];
  }
}

function isTransformer(layers: readonly { linear: string }[], model: Model): boolean {
  const operators = new Map(model.nodes.map(({ operator, outputs }) => [outputs[0], operator]));
  const products = layers.filter(({ linear }) => operators.get(linear) !== 'Conv').length;
  return products > layers.length / 2;
}

function inOrder(path: readonly Node[], places: readonly Place[]): Place[] {
  const order = new Map(path.map(({ outputs }, index) => [outputs[0], index]));
  const unique = new Map(places.map((place) => [place.name, place]));
  return [...unique.values()].sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
}

const spread = (places: readonly Place[], count: number): Place[] =>
  Array.from({ length: count }, (_, i) => places[Math.round((i * (places.length - 1)) / Math.max(1, count - 1))]);
