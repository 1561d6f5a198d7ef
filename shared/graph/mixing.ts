// Whether images of a batch influence each other: then the gradient of one is not its own, and neither is its label.
import { freeBatch } from './batch.ts';
import { factorsOf } from './dims.ts';
import { einsumTerms } from './einsum.ts';
import { GraphError } from './errors.ts';
import { positiveAxis } from './evaluate.ts';
import { at, attribute, type Dim, describe, guarded, type Model, type Node, reads } from './model.ts';
import { pathBetween, reachable } from './paths.ts';
import { analyse } from './shapes.ts';

/**
 * Where the images of a batch begin to influence each other on the way to the model's first output, as an error that
 * names the node; undefined where each goes its own way, or the model takes a single one. What becomes of an axis whose
 * size only the running model knows cannot always be told, and counts as apart.
 *
 * @param model with its constants folded
 */
export function whereImagesMix(model: Model): GraphError | undefined {
  const [input] = model.inputs;
  const batch = input?.shape?.[0];
  if (batch === undefined || batch === 1) return undefined;
  if (typeof batch === 'number') return whereImagesMix(freed(model));
  const { types } = analyse(model, ({ operator }) => operator === 'DequantizeLinear');
  const reached = reachable(model, types, input.name);
  const images = (dim: Dim | undefined) =>
    dim === undefined ? 0 : factorsOf(dim).names.filter((name) => name === batch).length;
  const shapeOf = (name: string) => types.get(name)?.shape ?? [];
  const path = pathBetween(model, types, input.name, model.outputs[0].name);
  const inTraining = path.find(
    (node) => node.operator === 'BatchNormalization' && attribute(node, 'training_mode', 0) === 1,
  );
  if (inTraining)
    return mixing(inTraining, 'it normalises by the mean and variance of the whole batch (training_mode is 1)');
  for (const node of path) {
    const read = reads(node).filter((name) => reached.has(name));
    const joins = (name: string) => joinedAxes(node, name, shapeOf).some((axis) => images(shapeOf(name)[axis]) > 0);
    if (guarded(node, () => read.some(joins))) return mixing(node, 'it computes across the images');
    const known = read.some((name) => shapeOf(name).some((dim) => images(dim) > 0));
    for (const name of node.outputs) {
      const shape = types.get(name)?.shape;
      if (!known || !shape || !reached.has(name)) continue;
      const count = shape.reduce<number>((sum, dim) => sum + images(dim), 0);
      const open = shape.some((dim) => typeof dim === 'string' && images(dim) === 0);
      if (count > 1 || (count === 0 && !open)) return mixing(node, `its result [${shape}] is one for all images`);
    }
  }
  return undefined;
}

function freed(model: Model): Model {
  try {
    return freeBatch(model);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    // Built in is a batch that something looks at as a whole, or sizes that were written down: it cannot be told.
    const [first, ...rest] = model.inputs;
    return { ...model, inputs: [{ ...first, shape: ['N', ...(first.shape ?? []).slice(1)] }, ...rest] };
  }
}

const mixing = (node: Node, how: string): GraphError =>
  new GraphError(
    `The images of a batch influence each other at the ${describe(node)}: ${how}. Export the model for inference, with statistics that are constants (in PyTorch model.eval(), and batch norms that track running statistics).`,
    at(node),
  );

/** The axes of an input that a node joins, so that what stands along them is no longer apart. */
function joinedAxes(node: Node, name: string, shapeOf: (name: string) => Dim[]): number[] {
  const rank = shapeOf(name).length;
  const from = (first: number) => shapeOf(name).flatMap((_, axis) => (axis < first ? [] : [axis]));
  const own = (fallback: number) => positiveAxis(attribute(node, 'axis', fallback), rank);
  switch (node.operator) {
    case 'Softmax':
    case 'LogSoftmax':
    case 'LpNormalization':
      return [own(-1)];
    case 'LayerNormalization':
    case 'RMSNormalization':
      return name === node.inputs[0] ? from(own(-1)) : [];
    case 'InstanceNormalization':
    case 'GroupNormalization':
    case 'Conv':
    case 'ConvTranspose':
    case 'MaxPool':
    case 'AveragePool':
    case 'GlobalAveragePool':
    case 'GlobalMaxPool':
      return name === node.inputs[0] ? from(2) : [];
    case 'MatMul':
      return [name === node.inputs[0] || rank === 1 ? rank - 1 : rank - 2];
    case 'Gemm':
      return name === node.inputs[0]
        ? [attribute(node, 'transA', 0) ? 0 : 1]
        : name === node.inputs[1]
          ? [attribute(node, 'transB', 0) ? 1 : 0]
          : [];
    case 'Attention':
      return [rank - 2];
    case 'Einsum': {
      const { terms, output } = einsumTerms(
        node,
        node.inputs.map((input) => shapeOf(input).length),
      );
      return terms[node.inputs.indexOf(name)].flatMap((letter, axis) => (output.includes(letter) ? [] : [axis]));
    }
    default:
      return [];
  }
}
