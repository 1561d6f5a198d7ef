// Reverse-mode differentiation of ONNX graphs: walks the nodes backwards and lets the rule of each operator write, as
// further nodes, what it contributes to the gradient. This file knows no operator; rules/ knows nothing else. Method:
// A. Griewank, A. Walther, "Evaluating Derivatives", 2nd ed., SIAM 2008, chapter 3 (the vector-Jacobian product).
import { Builder } from './builder.ts';
import { GraphError } from './errors.ts';
import { foldConstants } from './fold.ts';
import { lowerForGpu } from './gpu.ts';
import { at, describe, guarded, type Model, type Node, nodeOf, removeUnused, type ValueType } from './model.ts';
import { type Rule, rules } from './rules/index.ts';
import { inferShapes } from './shapes.ts';
import { type ElementType, floats } from './tensor.ts';

export interface DifferentiateOptions {
  /** The output whose sum is differentiated. */
  of: string;
  /** The input with respect to which. */
  wrt: string;
  /**
   * Which operators the result is written in: gpu leaves out those that GPU providers have no kernel for. Default cpu,
   * where they are faster.
   */
  profile?: 'cpu' | 'gpu';
}

/**
 * Appends the backward graph: the new output `gradient` is d sum(of) / d wrt, in the shape of `wrt`.
 *
 * Where `of` holds one loss per sample and no sample influences another, that is the gradient of each sample by itself.
 * Weights behind DequantizeLinear are widened to float32 first. At the kinks of Relu and Clip the derivative is 0.
 *
 * @throws GraphError naming operator and node when a node between `wrt` and `of` has no rule.
 */
export function differentiate(model: Model, { of, wrt, profile = 'cpu' }: DifferentiateOptions): Model {
  const input = model.inputs.find(({ name }) => name === wrt);
  if (!input)
    throw new GraphError(
      `The model has no input "${wrt}". Its inputs are ${model.inputs.map(({ name }) => name).join(', ')}.`,
    );
  if (!model.outputs.some(({ name }) => name === of)) {
    throw new GraphError(
      `The model has no output "${of}". Its outputs are ${model.outputs.map(({ name }) => name).join(', ')}.`,
    );
  }
  const folded = foldConstants(model);
  const b = new Builder(folded);
  b.scope = 'gradient';
  const path = pathBetween(folded, b.facts.types, wrt, of);
  const relevant = reachable(folded, b.facts.types, wrt);
  const parts = new Map<string, string[]>();
  const seed = b.constant(
    floats(
      [1],
      b.shape(of).map(() => 1),
    ),
  );
  parts.set(of, [b.expandLike(seed, of)]);

  for (const node of path.toReversed()) {
    const rule = findRule(node);
    b.scope = `gradient/${node.name || node.outputs[0]}`;
    // Rules read the constants of their node, which many nodes may share.
    b.facts.budget.node = node;
    for (const name of node.inputs)
      b.facts.budget.work(stepsPerElement * (b.facts.constants.get(name)?.data.length ?? 0));
    const gradients = node.outputs.map((name) => total(b, parts.get(name)));
    if (gradients.every((gradient) => gradient === undefined)) continue;
    const contributions = guarded(node, () => rule({ node, gradients, b, needs: (i) => relevant.has(node.inputs[i]) }));
    for (const [i, contribution] of contributions.entries()) {
      const name = node.inputs[i];
      if (!contribution || !relevant.has(name)) continue;
      const known = parts.get(name);
      if (known) known.push(contribution);
      else parts.set(name, [contribution]);
    }
  }
  b.scope = 'gradient';
  const found = total(b, parts.get(wrt));
  if (!found) throw new GraphError(`The output "${of}" does not depend on the input "${wrt}". Is it the right output?`);
  b.append(nodeOf('Identity', [found], 'gradient'));
  const result = removeUnused(
    b.finish({ outputs: [...folded.outputs, { name: 'gradient', type: 'float32', shape: b.shape('gradient') }] }),
  );
  return profile === 'gpu' ? lowerForGpu(result) : result;
}

/** Nodes on a path from `wrt` to `of`, in running order. */
export function pathBetween(model: Model, types: ReadonlyMap<string, ValueType>, wrt: string, of: string): Node[] {
  const reached = reachable(model, types, wrt);
  const wanted = new Set([of]);
  const path: Node[] = [];
  for (const node of model.nodes.toReversed()) {
    if (!node.outputs.some((name) => wanted.has(name)) || !node.inputs.some((name) => reached.has(name))) continue;
    path.push(node);
    for (const name of node.inputs) if (reached.has(name)) wanted.add(name);
  }
  return path.reverse();
}

/**
 * Whether one image can be given several cotangents at once (see `withCotangent`): the batch is an axis of its own in
 * every value between the model's input and its first output. Where it shares an axis with windows or heads, as in
 * Swin, the image must be repeated instead.
 */
export function keepsBatchApart(model: Model): boolean {
  const folded = foldConstants(model);
  const types = inferShapes(folded);
  const [input] = folded.inputs;
  const batch = input.shape?.[0];
  const apart = (name: string) => types.get(name)?.shape?.every((dim) => typeof dim === 'number' || dim === batch);
  return pathBetween(folded, types, input.name, folded.outputs[0].name).every(({ outputs }) =>
    outputs.every((name) => name === '' || apart(name)),
  );
}

/** What a rule takes to read or turn about one element of a constant. */
const stepsPerElement = 16;

// Flat wherever they have a derivative.
const flat = new Set(['Sign', 'Floor', 'Ceil', 'Round']);
const differentiable = new Set<ElementType>(['float32', 'float64']);

/**
 * The values that depend on `wrt` smoothly: none behind a comparison, a position or a shape, though behind rounding to
 * a quantised type.
 */
function reachable({ nodes }: Model, types: ReadonlyMap<string, ValueType>, wrt: string): Set<string> {
  const reached = new Set([wrt]);
  for (const node of nodes) {
    if (flat.has(node.operator) || !node.inputs.some((name) => reached.has(name))) continue;
    for (const name of node.outputs) {
      const type = types.get(name)?.type ?? 'float32';
      if (name && (differentiable.has(type) || node.operator === 'QuantizeLinear')) reached.add(name);
    }
  }
  return reached;
}

export const hasRule = (node: Node): boolean => node.domain === '' && Object.hasOwn(rules, node.operator);

function findRule(node: Node): Rule {
  if (hasRule(node)) return rules[node.operator];
  throw new GraphError(
    `There is no gradient rule for the ${describe(node)}. Supported are: ${Object.keys(rules).sort().join(', ')}. Export the model without it, or add a rule in shared/graph/rules/.`,
    at(node),
  );
}

function total(b: Builder, parts: string[] | undefined): string | undefined {
  return parts?.reduce((sum, part) => b.add('Add', [sum, part]));
}
