// Which nodes lie between an input and an output, and what stands in the way of a gradient there.
import { between, dependent, firstUnknown, isUnknown } from './between.ts';
import { GraphError } from './errors.ts';
import { at, describe, type Model, type Node, reads, type ValueType } from './model.ts';
import { type Rule, rules } from './rules/index.ts';
import type { ElementType } from './tensor.ts';

type Types = ReadonlyMap<string, ValueType>;

/** Nodes on a path from `wrt` to `of` along which there can be a gradient, in running order. */
export function pathBetween(model: Model, types: Types, wrt: string, of: string): Node[] {
  return between(model, reachable(model, types, wrt), of);
}

// Flat wherever they have a derivative.
const flat = new Set(['Sign', 'Floor', 'Ceil', 'Round']);
// Sizes, positions and answers, whatever they are of.
const whole = new Set(
  'Shape Size ArgMax ArgMin NonZero Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor Not IsNaN IsInf'.split(
    ' ',
  ),
);
const smooth = new Set<ElementType>(['float32', 'float64']);
/** What values are quantised to. */
export const quantised: ReadonlySet<ElementType> = new Set<ElementType>(['int8', 'uint8', 'int16', 'uint16']);

/**
 * The values that depend on `wrt` smoothly: none behind a comparison, a position or a shape, though behind rounding to
 * a quantised type. What an operator gives that nothing is known of counts as well, so that it is found missing.
 */
export function reachable({ nodes }: Model, types: Types, wrt: string): Set<string> {
  const reached = new Set([wrt]);
  const typeOf = (name: string) => types.get(name)?.type ?? 'float32';
  for (const node of nodes) {
    if (flat.has(node.operator) || whole.has(node.operator)) continue;
    const read = reads(node).filter((name) => reached.has(name));
    if (read.length === 0) continue;
    const rounds = node.operator === 'QuantizeLinear' || read.some((name) => quantised.has(typeOf(name)));
    for (const name of node.outputs) {
      const type = typeOf(name);
      if (name && (smooth.has(type) || isUnknown(node) || (rounds && quantised.has(type)))) reached.add(name);
    }
  }
  return reached;
}

export const hasRule = (node: Node): boolean => node.domain === '' && Object.hasOwn(rules, node.operator);

/** @throws GraphError where the operator has none */
export function ruleOf(node: Node): Rule {
  if (hasRule(node)) return rules[node.operator];
  throw withoutRule(node);
}

const withoutRule = (node: Node, cause?: GraphError): GraphError =>
  new GraphError(
    `There is no gradient rule for the ${describe(node)}. Supported are: ${Object.keys(rules).sort().join(', ')}. Export the model without it, or add a rule in shared/graph/rules/.`,
    { ...at(node), ...(cause ? { cause } : {}) },
  );

/**
 * What is to be said of a graph that cannot be differentiated: that an operator has no rule, where one has none,
 * whatever that broke on the way.
 *
 * @param types as far as they are known
 */
export function inTheWay(error: unknown, model: Model, from: string, to: string, types?: Types): unknown {
  if (!(error instanceof GraphError)) return error;
  const node =
    (types && pathBetween(model, types, from, to).find((each) => !hasRule(each))) ?? firstUnknown(model, from, to);
  return node ? withoutRule(node, error) : error;
}

/** Why nothing of `of` arrives at `wrt`. */
export function unconnected(model: Model, types: Types, wrt: string, of: string): GraphError {
  const reached = reachable(model, types, wrt);
  const end = between(model, dependent(model, wrt), of).find(
    (node) => reads(node).some((name) => reached.has(name)) && !node.outputs.some((name) => reached.has(name)),
  );
  if (!end) return new GraphError(`The output "${of}" does not depend on the input "${wrt}". Is it the right output?`);
  return new GraphError(
    `The output "${of}" depends on the input "${wrt}" only by way of the ${describe(end)}, whose result changes by steps and has no gradient. Is it the right output?`,
    at(end),
  );
}
