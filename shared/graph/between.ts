// What lies between two values of a graph, and of which of that not even the shape is known. It knows nothing of
// gradients: graphs are prepared without them.
import { GraphError } from './errors.ts';
import { at, describe, type Model, type Node, reads } from './model.ts';
import { shapeRules } from './shape-rules/index.ts';

/** The nodes that lead from some values to one. */
export function between({ nodes }: Model, reached: ReadonlySet<string>, of: string): Node[] {
  const wanted = new Set([of]);
  const path: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => wanted.has(name) && reached.has(name))) continue;
    path.push(node);
    for (const name of reads(node)) if (reached.has(name)) wanted.add(name);
  }
  return path.reverse();
}

/** The values that depend on another in any way but by its shape. */
export function dependent({ nodes }: Model, on: string): Set<string> {
  const reached = new Set([on]);
  for (const node of nodes)
    if (node.operator !== 'Shape' && node.operator !== 'Size' && reads(node).some((name) => reached.has(name)))
      for (const name of node.outputs) if (name) reached.add(name);
  return reached;
}

/** Whether nothing at all is known of what a node gives. What has a gradient rule has a shape rule too. */
export const isUnknown = (node: Node): boolean => node.domain !== '' || !Object.hasOwn(shapeRules, node.operator);

/** The first node between two values of whose results not even the shape is known, since its operator has no rule. */
export const firstUnknown = (model: Model, from: string, to: string): Node | undefined =>
  between(model, dependent(model, from), to).find(isUnknown);

/** What is to be said of a graph whose shapes cannot be told for any number of images. */
export function shapeInTheWay(error: unknown, model: Model, from: string, to: readonly string[]): unknown {
  if (!(error instanceof GraphError)) return error;
  const node = to.map((name) => firstUnknown(model, from, name)).find((found) => found !== undefined);
  if (!node) return error;
  return new GraphError(
    `There is no rule for the ${describe(node)}: the shape of what it gives is not known, so the model cannot be prepared for any number of images. Export the model without it, or add a rule in shared/graph/shape-rules/.`,
    { ...at(node), cause: error },
  );
}
