// Operators that GPU providers of ONNX Runtime have no kernel for, written with those that they have. Without a kernel
// a node runs on the CPU, and its inputs and outputs travel there and back.
// Source: the operators of the WebGPU provider, docs/webgpu-operators.md in the package onnxruntime-web.
import { Builder } from './builder.ts';
import { positiveAxis } from './evaluate.ts';
import { attribute, type Model, type Node, nodeOf } from './model.ts';
import { freeName, namesOf } from './names.ts';

/** Writes a node in other operators and returns the name of the result. */
type Lowering = (node: Node, b: Builder) => string;

const chosen =
  (comparison: 'Greater' | 'Less'): Lowering =>
  ({ inputs }, b) =>
    inputs.reduce((best, other) => b.add('Where', [b.add(comparison, [best, other]), best, other]));

const sumOf = (inputs: string[], b: Builder): string => inputs.reduce((sum, other) => b.add('Add', [sum, other]));

const softplus = (x: string, b: Builder): string => {
  const tail = b.add('Log', [b.add('Add', [b.add('Exp', [b.add('Neg', [b.add('Abs', [x])])]), b.scalar(1)])]);
  return b.add('Add', [b.add('Relu', [x]), tail]);
};

/** Booleans as numbers, put together, as booleans again. */
const logical =
  (combine: (a: string, c: string, b: Builder) => string): Lowering =>
  ({ inputs: [left, right] }, b) =>
    b.add('Greater', [combine(b.mask(left), b.mask(right), b), b.scalar(0.5)]);

const lowerings: Record<string, Lowering> = {
  LogSoftmax: (node, b) => {
    const [x] = node.inputs;
    const axes = [positiveAxis(attribute(node, 'axis', -1), b.shape(x).length)];
    const shifted = b.add('Sub', [x, b.maximum(x, axes)]);
    return b.add('Sub', [shifted, b.add('Log', [b.sum(b.add('Exp', [shifted]), axes, true)])]);
  },
  LRN: (node, b) => {
    const [x] = node.inputs;
    const size = attribute(node, 'size', 1);
    const around = b.aroundChannels(b.mul(x, x), size, false);
    const scaled = b.mul(around, b.scalar(attribute(node, 'alpha', 1e-4) / size));
    const divisor = b.add('Add', [scaled, b.scalar(attribute(node, 'bias', 1))]);
    return b.mul(x, b.power(divisor, -attribute(node, 'beta', 0.75)));
  },
  And: logical((a, c, b) => b.mul(a, c)),
  Or: logical((a, c, b) => b.add('Add', [a, c])),
  Sign: ({ inputs }, b) => b.sign(inputs[0]),
  Max: chosen('Greater'),
  Min: chosen('Less'),
  Sum: ({ inputs }, b) => sumOf(inputs, b),
  Mean: ({ inputs }, b) => b.mul(sumOf(inputs, b), b.scalar(1 / inputs.length)),
  PRelu: ({ inputs: [x, slope] }, b) => b.add('Where', [b.add('Less', [x, b.scalar(0)]), b.mul(slope, x), x]),
  Selu: (node, b) => {
    const elu = b.add('Elu', [node.inputs[0]], {
      alpha: { kind: 'float', value: attribute(node, 'alpha', 1.6732632423543772) },
    });
    return b.mul(elu, b.scalar(attribute(node, 'gamma', 1.0507009873554805)));
  },
  Softplus: ({ inputs }, b) => softplus(inputs[0], b),
  Softsign: ({ inputs: [x] }, b) => b.add('Div', [x, b.add('Add', [b.add('Abs', [x]), b.scalar(1)])]),
  Mish: ({ inputs: [x] }, b) => b.mul(x, b.add('Tanh', [softplus(x, b)])),
};

/**
 * The same model without operators that the WebGPU provider has no kernel for, as far as they can be written with
 * others.
 */
export function lowerForGpu(model: Model): Model {
  const b = new Builder({ ...model, nodes: [] }, namesOf(model));
  const renamed = new Map<string, string>();
  const kept = new Set<string>();
  for (const node of model.nodes) {
    const inputs = node.inputs.map((name) => renamed.get(name) ?? name);
    const lowering =
      node.domain === '' && Object.hasOwn(lowerings, node.operator) ? lowerings[node.operator] : undefined;
    b.scope = node.name || node.outputs[0];
    if (lowering) renamed.set(node.outputs[0], lowering({ ...node, inputs }, b));
    else {
      b.append({ ...node, inputs });
      kept.add(node.name);
    }
  }
  // Whoever asks for an output knows it by its own name.
  for (const { name } of model.outputs) {
    const source = renamed.get(name);
    if (source) b.append({ ...nodeOf('Identity', [source], name), name: freeName(name, kept) });
  }
  return b.finish({});
}
