import { withInputShape } from './batch.ts';
import { differentiate } from './differentiate.ts';
import { GraphError } from './errors.ts';
import { foldConstants } from './fold.ts';
import { guessPreprocessing, type ImageInput, imageInputOf, type PreprocessingGuess } from './image-input.ts';
import { withCotangent } from './losses.ts';
import { whereImagesMix } from './mixing.ts';
import { at, type Dim, describe, type Model, removeUnused } from './model.ts';
import { hasRule, pathBetween } from './paths.ts';
import { chooseOutput, prepare } from './prepare.ts';
import { inferShapes } from './shapes.ts';
import { sizeOf } from './tensor.ts';
import { flopsOf } from './work.ts';

export interface Inspection {
  /** Whether `prepare` succeeds at the input size that the model declares (224 where it declares none). */
  preparable: boolean;
  /** Why not, in words. */
  reason?: string;
  /** Whether `differentiate` succeeds on the file as it is, for the batch that it declares (1 where open). */
  differentiable: boolean;
  /** Why not, in words. */
  gradientReason?: string;
  /** Whether it succeeds on the prepared model for any batch, which is what attacks need. */
  craftable: boolean;
  /** Why not, in words. */
  craftReason?: string;
  /** Where the images of a batch influence each other, in words; null where each goes its own way. */
  imagesMix: string | null;
  /** The nodes that stand in the way: without a rule, or with attributes that the rule refuses. */
  missing: { operator: string; node: string; reason: string }[];
  input: ImageInput;
  output: { name: string; shape: Dim[] };
  classes: number | null;
  /** How the model probably wants its pixels, where its input is an image of three channels. */
  preprocessing: PreprocessingGuess | null;
  /**
   * Elements of all weights: floating-point or quantised constants, without scales, zero points and integers of shapes.
   */
  parameters: number;
  /**
   * Of convolutions and matrix products, two for each multiply-add, for one image of the declared size (224 where there
   * is none); null where it cannot be told.
   */
  flops: number | null;
  /** What is stored as 8-bit or other integers behind DequantizeLinear. */
  quantised: 'weights' | 'weights and activations' | null;
  operators: Record<string, number>;
  opset: number;
  producer: string;
}

/** Height and width where a model leaves them open. */
const usualSize = 224;

/**
 * What a model is, and whether the Atlas can prepare it, differentiate it and craft on it. All three are tried, since a
 * rule may refuse what a node's attributes say.
 */
export function inspect(model: Model): Inspection {
  const input = imageInputOf(model);
  // Everything below would fold the same constants again, which for weights that are computed takes seconds.
  const folded = foldConstants(model);
  const output = describedOutput(folded);
  const bound = attempt(() => bind(folded, input, output.name));
  const refused = bound.error ?? whyNotDifferentiable(bound.value, input.name);
  const prepared = attempt(() => prepareAsDeclared(folded, input));
  const mixing = attempt(() => whereImagesMix(prepared.value ?? folded));
  const notCraftable = prepared.error ?? mixing.value ?? whyNotDifferentiable(prepared.value, 'canvas');
  const missing = withoutRule(bound.value ?? folded, input.name, output.name);
  for (const error of [refused, notCraftable])
    if (error?.node !== undefined && error !== prepared.error && !missing.some(({ node }) => node === error.node))
      missing.push({ operator: error.operator ?? '', node: error.node, reason: error.message });
  const flops = bound.value ? flopsOf(bound.value, inferShapes(bound.value)) : null;
  return {
    preparable: prepared.error === undefined,
    ...(prepared.error ? { reason: prepared.error.message } : {}),
    differentiable: refused === undefined,
    ...(refused ? { gradientReason: refused.message } : {}),
    craftable: notCraftable === undefined,
    ...(notCraftable ? { craftReason: notCraftable.message } : {}),
    imagesMix: mixing.value?.message ?? null,
    missing,
    input,
    output,
    classes: output.shape.length >= 2 && typeof output.shape[1] === 'number' ? output.shape[1] : null,
    preprocessing: input.channels === 3 ? guessPreprocessing(folded) : null,
    parameters: countParameters(model),
    flops: flops === null ? null : flops / (input.batch === 'any' ? 1 : input.batch),
    quantised: quantisation(model),
    operators: countOperators(model),
    opset: model.opset,
    producer: model.producer,
  };
}

function attempt<Value>(work: () => Value): { value?: Value; error?: GraphError } {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof GraphError) return { error };
    throw error;
  }
}

/** The output that looks like class scores, else the first: that none does is what `reason` then says. */
function describedOutput(model: Model): Inspection['output'] {
  const { name } = attempt(() => chooseOutput(model)).value ?? model.outputs[0] ?? { name: '' };
  const shape = inferShapes(model).get(name)?.shape ?? model.outputs.find((output) => output.name === name)?.shape;
  return { name, shape: shape ?? [] };
}

/** The file for one run of the batch, height and width that it declares. */
function bind(model: Model, input: ImageInput, output: string): Model {
  if (model.inputs.length === 0)
    throw new GraphError('The model has no input, so there is nothing to differentiate with respect to.');
  const shape = input.shape.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? 1 : usualSize));
  const bound = shape.length > 0 ? withInputShape(model, shape) : model;
  return removeUnused({ ...bound, outputs: bound.outputs.filter(({ name }) => name === output) });
}

function prepareAsDeclared(model: Model, { shape, layout, size }: ImageInput): Model {
  if (shape.length !== 4) throw new GraphError(`The model's input has shape [${shape}], not that of images.`);
  const side = size ?? usualSize;
  return prepare(model, {
    inputSize: side,
    canvas: side,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    channelOrder: 'RGB',
    layout: layout ?? 'NCHW',
    range: 255,
  });
}

function whyNotDifferentiable(model: Model | undefined, wrt: string): GraphError | undefined {
  if (!model) return undefined;
  const place = model.inputs.findIndex(({ name }) => name === wrt);
  return attempt(() => {
    const composed = withCotangent(model);
    return differentiate(composed, { of: 'loss', wrt: composed.inputs[place]?.name ?? wrt });
  }).error;
}

function withoutRule(model: Model, wrt: string, of: string): Inspection['missing'] {
  return pathBetween(model, inferShapes(model), wrt, of)
    .filter((node) => !hasRule(node))
    .map((node) => ({ ...at(node), reason: `There is no gradient rule for the ${describe(node)}.` }));
}

function countParameters(model: Model): number {
  const helpers = new Set(
    model.nodes.flatMap(({ operator, inputs }) =>
      operator === 'DequantizeLinear' || operator === 'QuantizeLinear' ? inputs.slice(1) : [],
    ),
  );
  let count = 0;
  for (const [name, { type, shape }] of model.constants) {
    if (!helpers.has(name) && type !== 'int64' && type !== 'bool') count += sizeOf(shape);
  }
  for (const { operator, attributes } of model.nodes) {
    const value = attributes.value;
    if (operator === 'Constant' && value?.kind === 'tensor' && value.value.type === 'float32')
      count += sizeOf(value.value.shape);
  }
  return count;
}

function quantisation({ nodes, constants }: Model): Inspection['quantised'] {
  if (nodes.some(({ operator, inputs }) => operator === 'QuantizeLinear' && !constants.has(inputs[0])))
    return 'weights and activations';
  return nodes.some(({ operator, inputs }) => operator === 'DequantizeLinear' && constants.has(inputs[0]))
    ? 'weights'
    : null;
}

function countOperators({ nodes }: Model): Record<string, number> {
  // By way of a Map: an object takes a key such as __proto__ for something else.
  const operators = new Map<string, number>();
  for (const { operator, domain } of nodes) {
    const name = domain ? `${domain}.${operator}` : operator;
    operators.set(name, (operators.get(name) ?? 0) + 1);
  }
  return Object.fromEntries(operators);
}
