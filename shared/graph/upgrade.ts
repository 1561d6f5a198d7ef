// Brings models of old operator sets to set 17, so that every other file knows one meaning of each operator.
// Source: the changelog of ONNX's operators, https://onnx.ai/onnx/operators/.
import { GraphError } from './errors.ts';
import { positiveAxis } from './evaluate.ts';
import {
  type Attribute,
  at,
  attribute,
  type Dim,
  describe,
  int,
  intsAttribute,
  type Model,
  type Node,
  nodeOf,
  type Subgraph,
  text,
  type ValueType,
} from './model.ts';
import { freeName, namesOf } from './names.ts';
import { inferShapes } from './shapes.ts';
import { floats, int64s, mostParts, type Tensor } from './tensor.ts';

const target = 17;
const oldest = 7;

/** A model of operator set 17 or later. Those of 13 and later mean the same in 17 and are only renumbered. */
export function upgrade(model: Model): Model {
  if (model.opset >= target) return model;
  if (model.opset < oldest)
    throw new GraphError(
      `The model is of operator set ${model.opset}; sets before ${oldest} broadcast by other rules. Convert it first with onnx.version_converter.`,
    );
  if (model.opset >= 13)
    return renumber(model.opset === 13 ? { ...model, nodes: model.nodes.map(upgradeNormalisation) } : model);
  const types = model.nodes.some(({ operator }) => flattening.has(operator)) ? inferShapes(model) : new Map();
  const taken = namesOf(model);
  const free = (wanted: string) => {
    const name = freeName(wanted, taken);
    taken.add(name);
    return name;
  };
  return renumber({ ...model, ...upgradeGraph(model, types, free) });
}

/** A name of a new value, made of the wanted one. */
type Free = (wanted: string) => string;

function upgradeGraph(graph: Subgraph, types: ReadonlyMap<string, ValueType>, free: Free): Subgraph {
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.flatMap((node) => {
    if (node.domain !== '') return [node];
    if (flattening.has(node.operator)) return ungrouped(node, types.get(node.inputs[0])?.shape, free);
    const constant = (hint: string, tensor: Tensor) => {
      const name = free(`${node.outputs[0]}/${hint}`);
      constants.set(name, tensor);
      return name;
    };
    const upgraded = upgradeNode(node, constant);
    const attributes = Object.entries(upgraded.attributes).map(([name, value]): [string, Attribute] => [
      name,
      value.kind === 'graph' ? { kind: 'graph', value: upgradeGraph(value.value, types, free) } : value,
    ]);
    return [{ ...upgraded, attributes: Object.fromEntries(attributes) }];
  });
  return { ...graph, nodes, constants };
}

// ONNX Runtime wants an IR version that knows the operator set.
const renumber = (model: Model): Model => ({ ...model, opset: target, irVersion: Math.max(model.irVersion, 8) });

const flattening = new Set(['Softmax', 'LogSoftmax']);

type Constant = (hint: string, tensor: Tensor) => string;

/** Moves attributes to the inputs that took their place. */
function moved(node: Node, names: Record<string, string | undefined>): Node {
  const inputs = [...node.inputs];
  const attributes = { ...node.attributes };
  for (const [name, input] of Object.entries(names)) {
    delete attributes[name];
    inputs.push(input ?? '');
  }
  while (inputs.at(-1) === '') inputs.pop();
  return { ...node, inputs, attributes };
}

/**
 * Before set 13 everything from the axis on was one group of Softmax, with axis 1 as the default: the last axis of a
 * flat view of it.
 */
function ungrouped(node: Node, shape: readonly Dim[] | undefined, free: Free): Node[] {
  const axis = attribute(node, 'axis', 1);
  const first = shape && positiveAxis(axis, shape.length);
  if (first !== undefined && shape?.slice(first + 1).every((dim) => dim === 1))
    return [{ ...node, attributes: { axis: int(first) } }];
  const [x] = node.inputs;
  const [y] = node.outputs;
  const [sizes, flat, probabilities] = [free(`${y}/shape`), free(`${y}/flat`), free(`${y}/probabilities`)];
  return [
    nodeOf('Shape', [x], sizes),
    nodeOf('Flatten', [x], flat, { axis: int(axis) }),
    { ...node, inputs: [flat], outputs: [probabilities], attributes: { axis: int(-1) } },
    nodeOf('Reshape', [probabilities, sizes], y),
  ];
}

function upgradeNode(node: Node, constant: Constant): Node {
  const list = (name: string) => {
    const values = intsAttribute(node, name, mostParts);
    return values && constant(name, int64s(values));
  };
  const number = (name: string) => {
    const value = node.attributes[name];
    return value?.kind === 'float' ? constant(name, floats([value.value], [])) : undefined;
  };
  switch (node.operator) {
    case 'Squeeze':
    case 'Unsqueeze':
    case 'ReduceSum':
      return node.inputs.length > 1 ? node : moved(node, { axes: list('axes') });
    case 'Split':
      return node.inputs.length > 1 ? node : moved(node, { split: list('split') });
    case 'Slice':
      return node.inputs.length > 1
        ? node
        : moved(node, { starts: list('starts'), ends: list('ends'), axes: list('axes') });
    case 'TopK': {
      const { k } = node.attributes;
      return node.inputs.length > 1 || k?.kind !== 'int' ? node : moved(node, { k: constant('k', int64s([k.value])) });
    }
    case 'Pad':
      if (node.inputs.length > 1) return node;
      return moved(node, { pads: list('pads'), value: number('value') });
    case 'Clip':
      return node.inputs.length > 1 ? node : moved(node, { min: number('min'), max: number('max') });
    case 'Dropout':
      return {
        ...node,
        operator: 'Identity',
        inputs: node.inputs.slice(0, 1),
        outputs: node.outputs.slice(0, 1),
        attributes: {},
      };
    case 'BatchNormalization':
      return upgradeNormalisation(node);
    case 'Upsample': {
      const scales = node.attributes.scales;
      const factors = scales?.kind === 'floats' ? constant('scales', floats(scales.value)) : node.inputs[1];
      const mode = attribute(node, 'mode', 'nearest');
      return resized(node, [node.inputs[0], '', factors], mode);
    }
    case 'Resize':
      // Set 10 had no region of interest and counted as Upsample did.
      return node.inputs.length === 2
        ? resized(node, [node.inputs[0], '', node.inputs[1]], attribute(node, 'mode', 'nearest'))
        : node;
    default:
      return node;
  }
}

/**
 * Before set 14 a BatchNormalization that gives statistics besides its result is one in training; the saved ones of its
 * five outputs were never for anyone else.
 */
function upgradeNormalisation(node: Node): Node {
  if (node.operator !== 'BatchNormalization' || node.domain !== '') return node;
  const { spatial, ...attributes } = node.attributes;
  if (spatial?.kind === 'int' && spatial.value === 0)
    throw new GraphError(
      `The ${describe(node)} normalises every pixel by itself, which later operator sets cannot. Export the model again.`,
      at(node),
    );
  const training = node.outputs.slice(1).some(Boolean);
  return training
    ? { ...node, outputs: node.outputs.slice(0, 3), attributes: { ...attributes, training_mode: int(1) } }
    : { ...node, outputs: node.outputs.slice(0, 1), attributes };
}

const resized = (node: Node, inputs: string[], mode: string): Node => ({
  ...node,
  operator: 'Resize',
  inputs,
  attributes: { mode: text(mode), coordinate_transformation_mode: text('asymmetric'), nearest_mode: text('floor') },
});
