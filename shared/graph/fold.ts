import { takeBranches } from './branches.ts';
import type { Facts } from './facts.ts';
import { type Model, type Node, removeUnused, type ValueType } from './model.ts';
import { freeName } from './names.ts';
import { analyse } from './shapes.ts';
import { int64s } from './tensor.ts';

/**
 * Computes what does not depend on the inputs and drops what no output needs.
 *
 * Shape arithmetic disappears wherever the shapes are known, and so does If where its condition is. Weights behind
 * DequantizeLinear are widened to float32, unless `dequantize` is false: then they stay as small as the file has them.
 */
export function foldConstants(model: Model, { dequantize = true }: { dequantize?: boolean } = {}): Model {
  const keep = (node: Node) => !dequantize && node.operator === 'DequantizeLinear';
  let facts = analyse(model, keep);
  // Branches may hold branches: each round takes the outermost, so there are as many rounds as the file nests.
  for (let decided = takeBranches(model, facts); decided; decided = takeBranches(model, facts)) {
    model = decided;
    facts = analyse(model, keep);
  }
  const { constants } = facts;
  const outputs = new Set(model.outputs.map(({ name }) => name));
  const nodes = model.nodes
    .filter(
      (node) => !node.outputs.every((name) => constants.has(name)) || node.outputs.some((name) => outputs.has(name)),
    )
    .map((node) => asReshape(node, facts));
  const written = new Set(nodes.flatMap((node) => node.outputs));
  return removeUnused({ ...model, nodes, constants: new Map([...constants].filter(([name]) => !written.has(name))) });
}

/**
 * The shape that a Gather only lends its input, as exporters write views of a tensor in memory: it takes every element
 * in its own order. Undefined for any other node.
 */
export function viewShape(
  { operator, inputs }: Node,
  types: ReadonlyMap<string, ValueType>,
  { constants, budget }: Pick<Facts, 'constants' | 'budget'>,
): number[] | undefined {
  const shape = operator === 'Gather' ? types.get(inputs[0])?.shape : undefined;
  const indices = constants.get(inputs[1]);
  if (shape?.length !== 1 || indices?.data.length !== shape[0]) return undefined;
  budget.work(4 * indices.data.length);
  return indices.data.every((value, i) => Number(value) === i) ? indices.shape : undefined;
}

function asReshape(node: Node, facts: Facts): Node {
  const shape = viewShape(node, facts.types, facts);
  if (!shape) return node;
  const target = freeName(`${node.outputs[0]}/shape`, facts.types);
  facts.types.set(target, { type: 'int64', shape: [shape.length] });
  facts.constants.set(target, int64s(shape));
  return { ...node, operator: 'Reshape', inputs: [node.inputs[0], target], attributes: {} };
}
