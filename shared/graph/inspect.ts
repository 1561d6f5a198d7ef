import { withInputShape } from './batch.ts';
import { differentiate } from './differentiate.ts';
import { GraphError } from './errors.ts';
import { withFloatInput } from './float-input.ts';
import { foldConstants } from './fold.ts';
import { chooseScores, type OutputSaid } from './head.ts';
import { guessPreprocessing, type ImageInput, imageInputOf, type PreprocessingGuess } from './image-input.ts';
import { type InputForm, type InputSaid, inputForm, triedAt, usualSize } from './input-form.ts';
import { withCotangent } from './losses.ts';
import { whereImagesMix } from './mixing.ts';
import { at, type Dim, describe, type Model, removeUnused } from './model.ts';
import { hasRule, pathBetween } from './paths.ts';
import { prepare } from './prepare.ts';
import { inferShapes } from './shapes.ts';
import { sizeOf } from './tensor.ts';
import { flopsOf } from './work.ts';

export interface Inspection {
  /** Whether `prepare` succeeds at the size that the model declares or that is said (224 where nobody says it). */
  preparable: boolean;
  /** Why not, in words. */
  reason?: string;
  /**
   * Whether `differentiate` succeeds on the file as it is, for the batch that it declares (1 where open), with floats
   * where it takes whole numbers.
   */
  differentiable: boolean;
  /** Why not, in words. */
  gradientReason?: string;
  /** Whether it succeeds on the prepared model for any batch, which is what attacks need. */
  craftable: boolean;
  /** Why not, in words. */
  craftReason?: string;
  /** What must be said of the model all the same, since the file does not tell. */
  needs: 'size'[];
  /** Where the images of a batch influence each other, in words; null where each goes its own way. */
  imagesMix: string | null;
  /** The nodes that stand in the way: without a rule, or with attributes that the rule refuses. */
  missing: { operator: string; node: string; reason: string }[];
  input: ImageInput;
  output: { name: string; shape: Dim[] };
  /** Of those scores; null where no output is a list of them. */
  classes: number | null;
  /** How the model probably wants its pixels, where its input is an image. */
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

/** What is said of a file where it does not tell: see `inputForm` and `chooseScores`. */
export type Said = InputSaid & OutputSaid;

/**
 * What a model is, and whether the Atlas can prepare it, differentiate it and craft on it. All three are tried, since a
 * rule may refuse what a node's attributes say; and by the functions that do it in earnest, so that nothing is said to
 * work that is refused later.
 */
export function inspect(file: Model, said: Said = {}): Inspection {
  const floating = attempt(() => withFloatInput(file));
  // Everything below would fold the same constants again, which for weights that are computed takes seconds.
  const folded = foldConstants(floating.value ?? file);
  const form = attempt(() => inputForm(folded, said));
  const input = imageInputOf(file, form.value);
  const output = describedOutput(folded, said);
  const bound = attempt(() => bind(folded, form.value, output.name));
  const refused = floating.error ?? bound.error ?? whyNotDifferentiable(bound.value, input.name);
  const prepared = attempt(() => prepareAsSaid(folded, form, said, floating));
  const mixing = attempt(() => whereImagesMix(prepared.value ?? folded));
  const notCraftable = prepared.error ?? mixing.value ?? whyNotDifferentiable(prepared.value, 'canvas');
  const missing = withoutRule(bound.value ?? folded, input.name, output.name);
  const known = prepared.error === floating.error ? undefined : prepared.error;
  for (const error of [refused, notCraftable])
    if (error?.node !== undefined && error !== known && !missing.some(({ node }) => node === error.node))
      missing.push({ operator: error.operator ?? '', node: error.node, reason: error.message });
  const flops = bound.value ? flopsOf(bound.value, inferShapes(bound.value)) : null;
  const inWords = (error: GraphError): string => (form.value?.assumed ? `${triedAt} ${error.message}` : error.message);
  return {
    preparable: prepared.error === undefined,
    ...(prepared.error ? { reason: inWords(prepared.error) } : {}),
    differentiable: refused === undefined,
    ...(refused ? { gradientReason: inWords(refused) } : {}),
    craftable: notCraftable === undefined,
    ...(notCraftable ? { craftReason: inWords(notCraftable) } : {}),
    needs: form.value?.assumed ? ['size'] : [],
    imagesMix: mixing.value?.message ?? null,
    missing,
    input,
    output: { name: output.name, shape: output.shape },
    classes: output.classes,
    preprocessing: form.value ? guessPreprocessing(folded, input) : null,
    parameters: countParameters(file),
    flops: flops === null ? null : flops / (input.batch === 'any' ? 1 : input.batch),
    quantised: quantisation(file),
    operators: countOperators(file),
    opset: file.opset,
    producer: file.producer,
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
function describedOutput(model: Model, said: OutputSaid): Inspection['output'] & { classes: number | null } {
  const scores = attempt(() => chooseScores(model, said)).value;
  const { name } = scores?.output ?? model.outputs[0] ?? { name: '' };
  const shape = inferShapes(model).get(name)?.shape ?? model.outputs.find((output) => output.name === name)?.shape;
  return { name, shape: shape ?? [], classes: scores?.classes ?? null };
}

/** The file for one run of the batch, height and width that it has; what is no image, for what it declares. */
function bind(model: Model, form: InputForm | undefined, output: string): Model {
  const [input] = model.inputs;
  if (!input) throw new GraphError('The model has no input, so there is nothing to differentiate with respect to.');
  const [batch, ...rest] = input.shape ?? [];
  const axes = form?.axes ?? rest.map((dim) => (typeof dim === 'number' ? dim : usualSize));
  const bound = input.shape?.length ? withInputShape(model, [typeof batch === 'number' ? batch : 1, ...axes]) : model;
  return removeUnused({ ...bound, outputs: bound.outputs.filter(({ name }) => name === output) });
}

/** Prepared as `models add` does it, for a canvas of the model's own height. */
function prepareAsSaid(
  model: Model,
  form: { value?: InputForm; error?: GraphError },
  { output, classes }: OutputSaid,
  floating: { error?: GraphError },
): Model {
  if (floating.error) throw floating.error;
  if (!form.value) throw form.error;
  const { height, width, layout, channels } = form.value;
  const all = (value: number) => (channels === 'grey' ? [value] : [value, value, value]);
  return prepare(model, {
    ...{ inputSize: height, inputWidth: width, layout, channels, output, classes },
    ...{ canvas: height, mean: all(0), std: all(1), channelOrder: 'RGB', range: 255 },
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
