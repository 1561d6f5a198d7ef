import { luma } from '../images/luma.ts';
import { interpolationMatrix } from '../images/resample.ts';
import type { Preprocessing } from '../release/model-card.ts';
import { freeBatch } from './batch.ts';
import { shapeInTheWay } from './between.ts';
import { Builder } from './builder.ts';
import { GraphError } from './errors.ts';
import { withFloatInput } from './float-input.ts';
import { foldConstants } from './fold.ts';
import { chooseScores, cutActivation, finishHead, type OutputSaid } from './head.ts';
import { type InputForm, inputForm } from './input-form.ts';
import { int, ints, type Model } from './model.ts';
import { namesOf, setAside } from './names.ts';
import { floats } from './tensor.ts';

/** How the model wants its pixels, which output has the scores, the side of the canvas. Nothing of it is changed. */
type Spec = { readonly [Field in keyof Preprocessing]: Readonly<Preprocessing[Field]> } & OutputSaid & {
    readonly canvas: number;
  };

/**
 * Turns a classifier into a prepared model: from `canvas`, float32 RGB [N,3,S,S] in 0..255, to `logits` [N,K], for any
 * N.
 *
 * In the graph go the resize from the canvas to the model's input (two products with constant interpolation matrices,
 * none where the sizes agree), of a grey model the luma of the canvas, channel order, mean and std, and the layout. Out
 * of it go a last Softmax, a fixed batch, further axes of size 1 and what only other outputs need; a single score z
 * becomes the logits 0 and z of two classes, and its Sigmoid goes. An input of whole numbers takes floats. Weights stay
 * as the file has them: int8 behind DequantizeLinear remains int8.
 *
 * @throws GraphError when the model is no image classifier of that input size, or nothing tells which output it is.
 */
export function prepare(file: Model, spec: Spec): Model {
  checkSpec(spec);
  const form = formOf(file, spec);
  return naming(file, spec, () => {
    const { body, about } = bodyOf(file, spec, form);
    return finishHead(wrap(body, spec, form), about);
  });
}

/**
 * The classifier itself, as `prepare` has it inside of preprocessing: from the model's own input, for any N, to
 * `logits` [N,K]. A file of it takes the place of the model's, with the same preprocessing, and names the same values.
 *
 * @throws GraphError when the model is no image classifier of that input size.
 */
export function classifierOf(file: Model, spec: Omit<Spec, 'canvas'>): Model {
  const form = formOf(file, spec);
  return naming(file, spec, () => finishHead(bodyOf(file, spec, form).body, {}));
}

function formOf(file: Model, { inputSize, inputWidth, layout, channels = 'colour' }: Omit<Spec, 'canvas'>): InputForm {
  return inputForm(file, { inputSize, inputWidth, layout, channels });
}

/** Errors of unknown shapes name the operator that they come from. */
function naming(file: Model, spec: OutputSaid, work: () => Model): Model {
  try {
    return work();
  } catch (error) {
    throw shapeInTheWay(error, file, file.inputs[0].name, inQuestion(file, spec));
  }
}

/** The outputs that an operator of unknown shape may stand in the way of. */
function inQuestion(file: Model, spec: OutputSaid): string[] {
  try {
    return [chooseScores(file, spec).output.name];
  } catch {
    return file.outputs.filter(({ shape }) => !shape).map(({ name }) => name);
  }
}

function bodyOf(file: Model, spec: Omit<Spec, 'canvas'>, form: InputForm) {
  const isWhole = file.inputs[0]?.type !== 'float32';
  if (isWhole) checkBytes(spec, file.inputs[0].type);
  const { model, names } = setAside(withFloatInput(file), ['canvas']);
  const said = spec.output === undefined ? undefined : (names.get(spec.output) ?? spec.output);
  const { output, classes } = chooseScores(model, { ...spec, output: said });
  const single: Model = {
    ...model,
    inputs: [{ ...model.inputs[0], shape: [form.batch, ...form.axes] }],
    outputs: [output],
  };
  const cut = cutActivation(foldConstants(single, { dequantize: false }), classes);
  const body = freeBatch(cut.model, { dequantize: false });
  const { removed } = cut;
  const about: Record<string, string> = {
    'atlas.softmaxRemoved': String(removed !== null && removed !== 'Sigmoid'),
    'atlas.batchFreed': String(typeof form.batch === 'number'),
    ...(removed === 'Sigmoid' && { 'atlas.sigmoidRemoved': 'true' }),
    ...(isWhole && { 'atlas.input': `float32 for ${file.inputs[0].type}` }),
  };
  return { body, about };
}

function checkSpec({ mean, std, inputSize, inputWidth = inputSize, channels, canvas }: Spec): void {
  const count = channels === 'grey' ? 1 : 3;
  if (mean.length !== count || std.length !== count)
    throw new GraphError(
      `Mean and std need ${count === 1 ? 'one number each for a grey model' : 'three numbers each'}, not ${mean.length} and ${std.length}.`,
    );
  if (std.some((value) => !(value > 0)))
    throw new GraphError(`Std is [${std}], but must be positive. Correct the card.`);
  if (![inputSize, inputWidth, canvas].every((size) => Number.isInteger(size) && size > 0))
    throw new GraphError(`Canvas ${canvas} and input size ${inputSize} must be positive whole numbers.`);
}

/** Whole numbers hold pixels as files have them, and nothing that is scaled. */
function checkBytes({ range, mean, std }: Omit<Spec, 'canvas'>, type: string): void {
  if (range === 255 && mean.every((value) => value === 0) && std.every((value) => value === 1)) return;
  throw new GraphError(
    `The model's input is ${type}, so that it takes pixels of 0..255 as they are: its range is 255, its mean 0 and its std 1.`,
  );
}

/** Puts the preprocessing before the model. */
function wrap(body: Model, spec: Spec, { channels, height, width, axes }: InputForm): Model {
  const { canvas } = spec;
  const resized = height !== canvas || width !== canvas;
  const start: Model = {
    ...body,
    inputs: [{ name: 'canvas', type: 'float32', shape: ['N', 3, canvas, canvas] }],
    outputs: [],
    nodes: [],
    constants: new Map(),
  };
  const b = new Builder(start, namesOf(body));
  b.scope = 'prepare';
  let pixels = 'canvas';
  if (channels === 'grey') {
    const weighted = b.mul(pixels, b.constant(floats(luma, [1, 3, 1, 1]), 'luma'));
    pixels = b.sum(weighted, [1], true);
  }
  if (resized) {
    const across = interpolationMatrix(canvas, width);
    const columns = new Float32Array(across.length);
    for (let i = 0; i < width; i++)
      for (let j = 0; j < canvas; j++) columns[j * width + i] = across[i * canvas + j] as number;
    pixels = b.add('MatMul', [pixels, b.constant(floats(columns, [canvas, width]), 'columns')]);
    const rows = floats(interpolationMatrix(canvas, height), [height, canvas]);
    pixels = b.add('MatMul', [b.constant(rows, 'rows'), pixels]);
  }
  // Element by element and not as a 1x1 convolution: the runtime has a faster first convolution for three plain
  // channels.
  if (channels === 'colour' && spec.channelOrder === 'BGR')
    pixels = b.add('Gather', [pixels, b.ints([2, 1, 0])], { axis: int(1) });
  const perChannel = (values: number[]) => b.constant(floats(values, [1, values.length, 1, 1]), 'normalise');
  const factors = spec.std.map((std) => spec.range / 255 / std);
  const offsets = spec.mean.map((mean, i) => -mean / spec.std[i]);
  if (factors.some((factor) => factor !== 1)) pixels = b.mul(pixels, perChannel(factors));
  if (offsets.some((offset) => offset !== 0)) pixels = b.add('Add', [pixels, perChannel(offsets)]);
  if (spec.layout === 'NHWC') pixels = b.add('Transpose', [pixels], { perm: ints([0, 2, 3, 1]) });
  if (axes.length !== 3) pixels = b.add('Reshape', [pixels, b.ints([0, ...axes])]);
  const before = b.finish({});

  const [input] = body.inputs;
  return {
    ...body,
    inputs: before.inputs,
    constants: new Map([...before.constants, ...body.constants]),
    nodes: [
      ...before.nodes,
      ...body.nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map((name) => (name === input.name ? pixels : name)),
      })),
    ],
    metadata: {
      ...body.metadata,
      'atlas.prepared': 'canvas float32 RGB [N,3,S,S] 0..255 to logits [N,K]',
      'atlas.canvas': String(canvas),
      'atlas.inputSize': height === width ? String(height) : `${height}x${width}`,
      'atlas.resize': resized ? 'antialiased bilinear, half-pixel centres' : 'none',
      ...(channels === 'grey' && { 'atlas.channels': `grey: ${luma.join(', ')} of red, green, blue` }),
      'atlas.channelOrder': spec.channelOrder,
      'atlas.layout': spec.layout,
      'atlas.range': String(spec.range),
      'atlas.mean': spec.mean.join(','),
      'atlas.std': spec.std.join(','),
    },
  };
}
