// Names of values and nodes: what a file calls its own is its own business, so whoever adds to a graph takes names that
// are free, and whoever needs a certain name moves what has it out of the way. ONNX Runtime wants no two nodes of one
// name.
import type { Model, Node, Subgraph } from './model.ts';

/** The wanted name, or one made of it, that is not taken. */
export function freeName(wanted: string, taken: { has(name: string): boolean }): string {
  let name = wanted;
  for (let count = 1; taken.has(name); count++) name = `${wanted}/${count}`;
  return name;
}

/** Every name that a value or a node of the graph has, those inside of its nodes included. */
export function namesOf(graph: Subgraph, names = new Set<string>()): Set<string> {
  for (const { name } of graph.inputs) names.add(name);
  for (const name of graph.constants.keys()) names.add(name);
  for (const { name: own, outputs, attributes } of graph.nodes) {
    names.add(own);
    for (const name of outputs) names.add(name);
    for (const value of Object.values(attributes)) if (value.kind === 'graph') namesOf(value.value, names);
  }
  return names;
}

/** The model with other names for some of its values, wherever they stand. */
export function renameValues(model: Model, names: ReadonlyMap<string, string>): Model {
  if (names.size === 0) return model;
  const swap = (name: string) => names.get(name) ?? name;
  const swapped = <Named extends { name: string }>(value: Named): Named => ({ ...value, name: swap(value.name) });
  return {
    ...model,
    inputs: model.inputs.map(swapped),
    outputs: model.outputs.map(swapped),
    constants: new Map([...model.constants].map(([name, tensor]) => [swap(name), tensor])),
    nodes: model.nodes.map((node) => renamedNode(node, swap)),
  };
}

/** The model in which no value and no node has one of these names, and what the values that had are called now. */
export function setAside(
  model: Model,
  wanted: readonly string[],
): { model: Model; names: ReadonlyMap<string, string> } {
  const taken = namesOf(model);
  const names = new Map<string, string>();
  for (const name of wanted) {
    if (!taken.has(name)) continue;
    const other = freeName(`${name}/original`, taken);
    taken.add(other);
    names.set(name, other);
  }
  const moved = renameValues(model, names);
  const nodes = moved.nodes.map((node) => ({ ...node, name: names.get(node.name) ?? node.name }));
  return { model: names.size === 0 ? model : { ...moved, nodes }, names };
}

/** A node that reads and writes under other names, and so do the graphs in it. */
export const renamedNode = (node: Node, rename: (name: string) => string): Node => ({
  ...node,
  inputs: node.inputs.map(rename),
  outputs: node.outputs.map(rename),
  attributes: Object.fromEntries(
    Object.entries(node.attributes).map(([name, value]) => [
      name,
      value.kind === 'graph' ? { kind: 'graph' as const, value: renamedGraph(value.value, rename) } : value,
    ]),
  ),
});

/** Names that a nested graph defines stay its own. */
function renamedGraph(graph: Subgraph, outer: (name: string) => string): Subgraph {
  const own = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.constants.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const rename = (name: string) => (own.has(name) ? name : outer(name));
  return {
    ...graph,
    nodes: graph.nodes.map((node) => renamedNode(node, rename)),
    outputs: graph.outputs.map((output) => ({ ...output, name: rename(output.name) })),
  };
}
