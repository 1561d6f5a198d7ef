import { interpolationMatrix } from '../images/resample.ts';
import type { Preprocessing } from '../release/model-card.ts';
import { freeBatch } from './batch.ts';
import { Builder } from './builder.ts';
import { GraphError } from './errors.ts';
import { foldConstants } from './fold.ts';
import { at, type Dim, int, ints, type Model, type Node, nodeOf, removeUnused, type Value } from './model.ts';
import { freeName, namesOf, renameValues, setAside } from './names.ts';
import { shapeInTheWay } from './paths.ts';
import { analyse, inferShapes } from './shapes.ts';
import { floats } from './tensor.ts';

/** How the model wants its pixels, and the side of the canvas. Nothing of it is changed. */
type Spec = { readonly [Field in keyof Preprocessing]: Readonly<Preprocessing[Field]> } & { readonly canvas: number };

/**
 * Turns a classifier into a prepared model: from `canvas`, float32 RGB [N,3,S,S] in 0..255, to `logits` [N,K], for any
 * N.
 *
 * In the graph go the resize from the canvas to the model's input (two products with constant interpolation matrices,
 * none where the sizes agree), channel order, mean and std, and the layout. Out of it go a last Softmax, a fixed batch,
 * trailing axes of size 1 and what only other outputs need. Weights stay as the file has them: int8 behind
 * DequantizeLinear remains int8.
 *
 * @throws GraphError when the model is no image classifier of that input size.
 */
export function prepare(model: Model, spec: Spec): Model {
  checkSpec(spec);
  const input = imageInput(model);
  const { inputSize: size } = spec;
  const shape = spec.layout === 'NCHW' ? ['N', 3, size, size] : ['N', size, size, 3];
  const misfit =
    input.shape &&
    (input.shape.length !== 4 ||
      input.shape.some((dim, axis) => axis > 0 && typeof dim === 'number' && dim !== shape[axis]));
  if (misfit)
    throw new GraphError(
      `The model's input "${input.name}" has shape [${input.shape}], but ${spec.layout} at size ${size} means [${shape}]. Correct size or layout.`,
    );
  try {
    return prepared(model, input, spec, shape);
  } catch (error) {
    throw shapeInTheWay(error, model, input.name, inQuestion(model));
  }
}

function prepared(original: Model, { shape: declared }: Value, spec: Spec, shape: Dim[]): Model {
  const { model } = setAside(original, ['canvas']);
  const [input] = model.inputs;
  const batch = declared?.[0] ?? 'N';
  const output = chooseOutput(model);
  const single: Model = { ...model, inputs: [{ ...input, shape: [batch, ...shape.slice(1)] }], outputs: [output] };
  const cut = cutSoftmax(foldConstants(single, { dequantize: false }));
  const body = freeBatch(cut.model, { dequantize: false });
  return wrap(body, spec, { removedSoftmax: cut.removed, freedBatch: typeof batch === 'number' });
}

function checkSpec({ mean, std, inputSize, canvas }: Spec): void {
  if (mean.length !== 3 || std.length !== 3)
    throw new GraphError(
      `Mean and std need three numbers each, not ${mean.length} and ${std.length}. Greyscale models are not supported.`,
    );
  if (std.some((value) => !(value > 0)))
    throw new GraphError(`Std is [${std}], but must be positive. Correct the card.`);
  if (![inputSize, canvas].every((size) => Number.isInteger(size) && size > 0))
    throw new GraphError(`Canvas ${canvas} and input size ${inputSize} must be positive whole numbers.`);
}

function imageInput(model: Model): Value {
  const [input, ...others] = model.inputs;
  if (!input || others.length > 0) {
    throw new GraphError(
      `The model has ${model.inputs.length} inputs (${model.inputs.map(({ name }) => name).join(', ')}), but a classifier of images has one. Export it with the image alone.`,
    );
  }
  if (input.type !== 'float32')
    throw new GraphError(
      `The model's input "${input.name}" is ${input.type}, but only float32 images can be differentiated. Export it for float32.`,
    );
  return input;
}

/** The output that looks like class scores: called logits, or [N, K], or [N, K, 1, 1]. */
export function chooseOutput(model: Model): Value {
  const types = inferShapes(model);
  const candidates = model.outputs.map((output) => ({
    ...output,
    shape: types.get(output.name)?.shape ?? output.shape,
  }));
  const scores = candidates.filter(
    ({ shape, type }) => type === 'float32' && shape && shape.length >= 2 && shape.slice(2).every((dim) => dim === 1),
  );
  const chosen = scores.find(({ name }) => name === 'logits') ?? scores[0];
  if (!chosen) {
    throw new GraphError(
      `None of the outputs is a list of class scores [N, K]: ${candidates.map(({ name, shape }) => `${name} [${shape ?? 'unknown'}]`).join(', ')}. Is this a classifier?`,
    );
  }
  return chosen;
}

/** The outputs that an operator of unknown shape may stand in the way of. */
function inQuestion(model: Model): string[] {
  try {
    return [chooseOutput(model).name];
  } catch {
    return model.outputs.filter(({ shape }) => !shape).map(({ name }) => name);
  }
}

const passing = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Cast']);

/**
 * Takes out a Softmax (or LogSoftmax) after which only reshaping follows: it keeps the order of classes, but flattens
 * gradients.
 */
function cutSoftmax(model: Model): { model: Model; removed: boolean } {
  const producers = new Map(model.nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  let node: Node | undefined = producers.get(model.outputs[0].name);
  while (node && passing.has(node.operator)) node = producers.get(node.inputs[0]);
  if (node?.operator !== 'Softmax' && node?.operator !== 'LogSoftmax') return { model, removed: false };
  const nodes = model.nodes.map((other) =>
    other === node ? { ...other, operator: 'Identity', attributes: {} } : other,
  );
  return { model: removeUnused({ ...model, nodes }), removed: true };
}

/** Puts the preprocessing before the model and brings its output to [N, K]. */
function wrap(body: Model, spec: Spec, done: { removedSoftmax: boolean; freedBatch: boolean }): Model {
  const { canvas, inputSize } = spec;
  const [input] = body.inputs;
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
  if (canvas !== inputSize) {
    const rows = floats(interpolationMatrix(canvas, inputSize), [inputSize, canvas]);
    const columns = new Float32Array(rows.data.length);
    for (let i = 0; i < inputSize; i++)
      for (let j = 0; j < canvas; j++) columns[j * inputSize + i] = rows.data[i * canvas + j] as number;
    pixels = b.add('MatMul', [pixels, b.constant(floats(columns, [canvas, inputSize]), 'columns')]);
    pixels = b.add('MatMul', [b.constant(rows, 'rows'), pixels]);
  }
  // Element by element and not as a 1x1 convolution: the runtime has a faster first convolution for three plain
  // channels.
  if (spec.channelOrder === 'BGR') pixels = b.add('Gather', [pixels, b.ints([2, 1, 0])], { axis: int(1) });
  const perChannel = (values: number[]) => b.constant(floats(values, [1, 3, 1, 1]), 'normalise');
  const factors = spec.std.map((std) => spec.range / 255 / std);
  const offsets = spec.mean.map((mean, i) => -mean / spec.std[i]);
  if (factors.some((factor) => factor !== 1)) pixels = b.mul(pixels, perChannel(factors));
  if (offsets.some((offset) => offset !== 0)) pixels = b.add('Add', [pixels, perChannel(offsets)]);
  if (spec.layout === 'NHWC') pixels = b.add('Transpose', [pixels], { perm: ints([0, 2, 3, 1]) });
  const before = b.finish({});

  const joined: Model = {
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
  };
  return finishOutput(joined, {
    'atlas.prepared': 'canvas float32 RGB [N,3,S,S] 0..255 to logits [N,K]',
    'atlas.canvas': String(canvas),
    'atlas.inputSize': String(inputSize),
    'atlas.resize': canvas === inputSize ? 'none' : 'antialiased bilinear, half-pixel centres',
    'atlas.channelOrder': spec.channelOrder,
    'atlas.layout': spec.layout,
    'atlas.range': String(spec.range),
    'atlas.mean': spec.mean.join(','),
    'atlas.std': spec.std.join(','),
    'atlas.softmaxRemoved': String(done.removedSoftmax),
    'atlas.batchFreed': String(done.freedBatch),
  });
}

/** Losses compare the label with every class, one by one. */
const mostClasses = 2 ** 20;

function finishOutput(model: Model, metadata: Record<string, string>): Model {
  const { types } = analyse(model);
  const [output] = model.outputs;
  const shape = types.get(output.name)?.shape;
  const classes = shape?.[1];
  // A batch that inference lost sight of keeps whatever name it has, and is N; a number is a batch that is built in.
  if (!shape || typeof classes !== 'number' || typeof shape[0] !== 'string') {
    const last = model.nodes.find((node) => node.outputs.includes(output.name));
    throw new GraphError(
      `With any number of images the output "${output.name}" gets shape [${shape ?? 'unknown'}], not [N, K]. The batch is built into the model: export it with a dynamic batch.`,
      last ? at(last) : {},
    );
  }
  if (classes > mostClasses)
    throw new GraphError(
      `The output "${output.name}" has ${classes} classes, more than any classifier. Is it the right output?`,
    );
  const outputs: Value[] = [{ name: 'logits', type: 'float32', shape: ['N', classes] }];
  const about = { outputs, metadata: { ...model.metadata, ...metadata } };
  if (shape.length > 2) {
    const { model: free, names } = setAside(model, ['logits']);
    const b = new Builder(free);
    b.scope = 'prepare';
    const flat = nodeOf('Reshape', [names.get(output.name) ?? output.name, b.ints([0, classes])], 'logits');
    b.append({ ...flat, name: freeName('prepare/flatten', namesOf(free)) });
    return b.finish(about);
  }
  if (output.name === 'logits') return { ...model, ...about };
  const { model: free } = setAside(model, ['logits']);
  return { ...renameValues(free, new Map([[output.name, 'logits']])), ...about };
}
