// The end of a classifier: which output has the class scores, and how they become logits [N,K].
import { Builder } from './builder.ts';
import { GraphError } from './errors.ts';
import { at, type Dim, type Model, type Node, nodeOf, removeUnused, type Value } from './model.ts';
import { freeName, namesOf, renameValues, setAside } from './names.ts';
import { analyse, inferShapes } from './shapes.ts';

/** What is said of the output besides what the file tells. */
export interface OutputSaid {
  /** Its name. */
  output?: string;
  /** How many classes there are: it tells one of several outputs. */
  classes?: number;
}

export interface Scores {
  output: Value;
  /** 2 for a single score, which is that of the second class; null where it is not known. */
  classes: number | null;
}

/**
 * The output with the class scores: [N,K], or the same with axes of size 1, such as [N,K,1,1] and [N,1,1,K]; [N,1] and
 * [N] are one score for two classes. Of several it is the one that is named, else the one with as many classes, else
 * the one called logits.
 *
 * @throws GraphError that lists the outputs where there is none, or where nothing tells which it is
 */
export function chooseScores(model: Model, { output: name, classes }: OutputSaid = {}): Scores {
  const types = inferShapes(model);
  const batch = model.inputs[0]?.shape?.[0];
  const outputs = model.outputs.map((output) => ({ ...output, shape: types.get(output.name)?.shape ?? output.shape }));
  const listed = outputs.map((output) => `${output.name} [${output.shape ?? 'unknown'}]`).join(', ');
  const asked = name === undefined ? outputs : outputs.filter((output) => output.name === name);
  if (asked.length === 0) throw new GraphError(`The model has no output "${name}". Its outputs are ${listed}.`);
  const rows = asked.filter(({ shape, type }) => type === 'float32' && isRow(shape));
  const single = asked.filter(({ shape, type }) => type === 'float32' && shape?.length === 1 && shape[0] === batch);
  const found = (rows.length > 0 ? rows : single).map((output) => ({ output, classes: classesOf(output.shape ?? []) }));
  if (found.length === 0)
    throw new GraphError(
      name === undefined
        ? `None of the outputs is a list of class scores [N, K]: ${listed}. Is this a classifier?`
        : `The output "${name}" is no list of class scores [N, K]. The outputs are ${listed}.`,
    );
  if (found.length === 1) return found[0];
  const fitting = classes === undefined ? found : found.filter((scores) => scores.classes === classes);
  if (fitting.length === 0)
    throw new GraphError(`None of the outputs has ${classes} classes: ${listed}. Correct the labels or classes.`);
  const chosen =
    fitting.find(({ output }) => output.name === 'logits') ?? (sameSource(model, fitting) ? fitting[0] : undefined);
  if (chosen) return chosen;
  throw new GraphError(
    `Several outputs may be the class scores: ${listed}. Say which of them is the output, by its name.`,
  );
}

/** A batch and then one list, whatever axes of size 1 stand around it. */
const isRow = (shape: readonly Dim[] | undefined): boolean =>
  shape !== undefined && shape.length >= 2 && shape.slice(1).filter((dim) => dim !== 1).length <= 1;

function classesOf([, ...rest]: readonly Dim[]): number | null {
  const count = rest.find((dim) => dim !== 1) ?? 1;
  return typeof count === 'string' ? null : count === 1 ? 2 : count;
}

/** Whether these are the same scores, with and without a Softmax. */
const sameSource = (model: Model, scores: readonly Scores[]): boolean =>
  new Set(scores.map(({ output }) => lastStep(model, output.name, softmaxes).source)).size === 1;

const passing = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Cast']);
const softmaxes = new Set(['Softmax', 'LogSoftmax']);

/** The last node before an output that does more than reshape, where it is one of these; and what it reads. */
function lastStep(model: Model, output: string, operators: ReadonlySet<string>): { node?: Node; source: string } {
  const producers = new Map(model.nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  let name = output;
  let node = producers.get(name);
  while (node && passing.has(node.operator)) {
    [name] = node.inputs;
    node = producers.get(name);
  }
  return node && operators.has(node.operator) ? { node, source: node.inputs[0] } : { source: name };
}

/**
 * Takes out a last Softmax or LogSoftmax, after which only reshaping follows, or of a single score its Sigmoid: they
 * keep the order of classes, but flatten gradients.
 */
export function cutActivation(model: Model, classes: number | null): { model: Model; removed: string | null } {
  const [{ name, shape }] = model.outputs;
  const isSingle = classes === 2 && (shape ?? []).slice(1).every((dim) => dim === 1);
  const { node } = lastStep(model, name, isSingle ? new Set(['Sigmoid']) : softmaxes);
  if (!node) return { model, removed: null };
  const nodes = model.nodes.map((other) =>
    other === node ? { ...other, operator: 'Identity', attributes: {} } : other,
  );
  return { model: removeUnused({ ...model, nodes }), removed: node.operator };
}

/** Losses compare the label with every class, one by one. */
const mostClasses = 2 ** 20;

/**
 * Brings the model's only output to `logits` [N,K]; a single score z to [N,2], the logits 0 and z.
 * @throws GraphError where the batch is built into it
 */
export function finishHead(model: Model, metadata: Record<string, string>): Model {
  const { types } = analyse(model);
  const [output] = model.outputs;
  const shape = types.get(output.name)?.shape;
  const scores = shape && product(shape.slice(1));
  // A batch that inference lost sight of keeps whatever name it has, and is N; a number is a batch that is built in.
  if (!shape || typeof scores !== 'number' || typeof shape[0] !== 'string') {
    const last = model.nodes.find((node) => node.outputs.includes(output.name));
    throw new GraphError(
      `With any number of images the output "${output.name}" gets shape [${shape ?? 'unknown'}], not [N, K]. The batch is built into the model: export it with a dynamic batch.`,
      last ? at(last) : {},
    );
  }
  if (scores > mostClasses)
    throw new GraphError(
      `The output "${output.name}" has ${scores} classes, more than any classifier. Is it the right output?`,
    );
  const all = { ...model.metadata, ...metadata, ...(scores === 1 && { 'atlas.singleScore': 'logits 0 and z' }) };
  const outputs: Value[] = [{ name: 'logits', type: 'float32', shape: ['N', Math.max(2, scores)] }];
  if (output.name === 'logits' && shape.length === 2 && scores > 1) return { ...model, outputs, metadata: all };
  const { model: free, names } = setAside(model, ['logits']);
  let name = names.get(output.name) ?? output.name;
  if (shape.length === 2 && scores > 1)
    return { ...renameValues(free, new Map([[name, 'logits']])), outputs, metadata: all };
  const taken = namesOf(free);
  const b = new Builder(free);
  b.scope = 'prepare';
  if (shape.length !== 2) {
    const target = b.ints(shape.length === 1 ? [-1, 1] : [0, scores]);
    const flat = scores > 1 ? 'logits' : freeName('prepare/score', taken);
    b.append({ ...nodeOf('Reshape', [name, target], flat), name: freeName('prepare/flatten', taken) });
    name = flat;
  }
  if (scores === 1) {
    // The first class has the logit 0: softmax([0, z]) is what the Sigmoid makes of z.
    const pad = nodeOf('Pad', [name, b.ints([0, 1, 0, 0])], 'logits');
    b.append({ ...pad, name: freeName('prepare/two classes', taken) });
  }
  return b.finish({ outputs, metadata: all });
}

/** Undefined where one of the sizes is not known. */
const product = (dims: readonly Dim[]): number | undefined =>
  dims.reduce<number | undefined>(
    (size, dim) => (size === undefined || typeof dim === 'string' ? undefined : size * dim),
    1,
  );
