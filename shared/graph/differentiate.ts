// Reverse-mode differentiation of ONNX graphs: walks the nodes backwards and lets the rule of each operator write, as
// further nodes, what it contributes to the gradient. This file knows no operator; rules/ knows nothing else. Method:
// A. Griewank, A. Walther, "Evaluating Derivatives", 2nd ed., SIAM 2008, chapter 3 (the vector-Jacobian product).
import { Builder } from './builder.ts';
import { GraphError } from './errors.ts';
import { foldConstants } from './fold.ts';
import { lowerForGpu } from './gpu.ts';
import { guarded, type Model, type Node, nodeOf, removeUnused } from './model.ts';
import { setAside } from './names.ts';
import { inTheWay, pathBetween, quantised, reachable, ruleOf, unconnected } from './paths.ts';
import { withoutGradient, zero } from './rules/index.ts';
import { inferShapes } from './shapes.ts';
import { floats } from './tensor.ts';

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
 * Should a value of the model be called `gradient`, it gets another name; inputs and outputs keep their order.
 *
 * @throws GraphError naming operator and node when a node between `wrt` and `of` has no rule, or one that lacks an
 * input which depends on `wrt`
 */
export function differentiate(model: Model, options: DifferentiateOptions): Model {
  const { of, wrt } = options;
  if (!model.inputs.some(({ name }) => name === wrt))
    throw new GraphError(
      `The model has no input "${wrt}". Its inputs are ${model.inputs.map(({ name }) => name).join(', ')}.`,
    );
  if (!model.outputs.some(({ name }) => name === of)) {
    throw new GraphError(
      `The model has no output "${of}". Its outputs are ${model.outputs.map(({ name }) => name).join(', ')}.`,
    );
  }
  const { model: free, names } = setAside(model, ['gradient']);
  const named = { ...options, of: names.get(of) ?? of, wrt: names.get(wrt) ?? wrt };
  let b: Builder | undefined;
  try {
    b = new Builder(foldConstants(free));
    return withGradient(b, named);
  } catch (error) {
    throw inTheWay(error, b?.model ?? free, named.wrt, named.of, b?.facts.types);
  }
}

/** The graph that `b` begins with, and its gradient. */
function withGradient(b: Builder, { of, wrt, profile = 'cpu' }: DifferentiateOptions): Model {
  const folded = b.model;
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
    const rule = ruleOf(node);
    b.scope = `gradient/${node.name || node.outputs[0]}`;
    // Rules read the constants of their node, which many nodes may share.
    b.facts.budget.node = node;
    for (const name of node.inputs)
      b.facts.budget.work(stepsPerElement * (b.facts.constants.get(name)?.data.length ?? 0));
    const gradients = node.outputs.map((name) => total(b, parts.get(name)));
    if (gradients.every((gradient) => gradient === undefined)) continue;
    const needs = (i: number) => relevant.has(node.inputs[i]);
    const contributions = guarded(node, () => rule({ node: widened(node, b), gradients, b, needs }));
    for (const [i, name] of node.inputs.entries()) {
      const contribution = contributions[i];
      if (contribution === zero || !relevant.has(name)) continue;
      if (contribution === undefined) throw withoutGradient(node, i);
      const known = parts.get(name);
      if (known) known.push(contribution);
      else parts.set(name, [contribution]);
    }
  }
  b.scope = 'gradient';
  const found = total(b, parts.get(wrt));
  if (!found) throw unconnected(folded, b.facts.types, wrt, of);
  b.append(nodeOf('Identity', [found], 'gradient'));
  const result = removeUnused(
    b.finish({ outputs: [...folded.outputs, { name: 'gradient', type: 'float32', shape: b.shape('gradient') }] }),
  );
  return profile === 'gpu' ? lowerForGpu(result) : result;
}

// These convert between quantised values and others, or need not look at them.
const converting = new Set(['QuantizeLinear', 'DequantizeLinear', 'Cast', 'CastLike']);

/** Rules compute with floating point: quantised values that a node reads or writes are widened for them. */
function widened(node: Node, b: Builder): Node {
  const isNarrow = (name: string) => quantised.has(b.facts.types.get(name)?.type ?? 'float32');
  if (converting.has(node.operator) || ![...node.inputs, ...node.outputs].some(isNarrow)) return node;
  const wide = (name: string) => (isNarrow(name) ? b.mask(name) : name);
  return { ...node, inputs: node.inputs.map(wide), outputs: node.outputs.map(wide) };
}

/** Their gradients put numbers into a tensor of the batch of the forward pass. */
const placing = new Set(['GatherElements', 'GatherND', 'GridSample', 'ScatterElements', 'ScatterND', 'TopK']);

/**
 * Whether one image can be given several cotangents at once (see `withCotangent`): the batch is an axis of its own in
 * every value between the model's input and its first output. Where it shares an axis with windows or heads, as in
 * Swin, or where numbers are put into places, the image must be repeated instead.
 */
export function keepsBatchApart(model: Model): boolean {
  const folded = foldConstants(model);
  const types = inferShapes(folded);
  const [input] = folded.inputs;
  const batch = input.shape?.[0];
  const apart = (name: string) => types.get(name)?.shape?.every((dim) => typeof dim === 'number' || dim === batch);
  return pathBetween(folded, types, input.name, folded.outputs[0].name).every(
    ({ operator, outputs }) => !placing.has(operator) && outputs.every((name) => name === '' || apart(name)),
  );
}

/** What a rule takes to read or turn about one element of a constant. */
const stepsPerElement = 16;

function total(b: Builder, parts: string[] | undefined): string | undefined {
  return parts?.reduce((sum, part) => b.add('Add', [sum, part]));
}
