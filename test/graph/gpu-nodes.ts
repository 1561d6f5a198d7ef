// Every node that gradient graphs have, each as a graph of its own with what it reads in a real run; and many graphs
// side by side in one, since a session for each would take minutes.
import { Tensor as Fed, InferenceSession } from 'onnxruntime-node';
import { inferShapes, type Model, type Node, renamedNode, type Tensor, type Value, writeModel } from '#shared/graph';
import type { ElementType } from '../../shared/graph/tensor.ts';

export interface Graph {
  name: string;
  model: Model;
  feeds: Record<string, Tensor>;
}

/** A graph's outputs, as the CPU computes them without any optimisation. */
export async function runOnCpu({ model, feeds }: Graph): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(writeModel(model), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  const inputs = Object.entries(feeds).map(([name, { type, shape, data }]) => [
    name,
    new Fed(type as 'float32', data as Float32Array, shape),
  ]);
  const results = await session.run(Object.fromEntries(inputs));
  await session.release();
  const found = Object.entries(results).map(([name, { type, dims, data }]): [string, Tensor] => [
    name,
    { type: type as ElementType, shape: [...dims], data: data as Float32Array },
  ]);
  return Object.fromEntries(found);
}

/** Every value of a graph. */
async function valuesOf({ name, model, feeds }: Graph): Promise<Map<string, Tensor>> {
  const types = inferShapes(model);
  const written = model.nodes.flatMap(({ outputs }) => outputs.filter(Boolean));
  const outputs = written.map((value) => ({
    name: value,
    type: types.get(value)?.type ?? 'float32',
    shape: undefined,
  }));
  const found = await runOnCpu({ name, model: { ...model, outputs }, feeds });
  return new Map([...Object.entries(feeds), ...Object.entries(found)]);
}

/** The operator, its attributes, and which inputs of how many axes it has: what a provider chooses a kernel by. */
function kindOf(node: Node, { opset, constants }: Model, types: ReturnType<typeof inferShapes>): string {
  const inputs = node.inputs.map((name) => {
    const known = types.get(name);
    return name && `${constants.has(name) ? 'constant ' : ''}${known?.type}[${known?.shape?.length}]`;
  });
  const attributes = Object.entries(node.attributes).map(([name, { value }]) => `${name}=${value} `);
  return `${node.operator} ${attributes.sort().join('')}(${inputs.join(', ')}) of set ${opset}`;
}

/** A graph of one node for each kind of node that the graphs have, with what such a node reads there. */
export async function singleNodes(graphs: readonly Graph[]): Promise<Graph[]> {
  const singles = new Map<string, Graph>();
  for (const graph of graphs) {
    const { model } = graph;
    const types = inferShapes(model);
    let values: Map<string, Tensor> | undefined;
    for (const node of model.nodes) {
      const kind = kindOf(node, model, types);
      if (singles.has(kind)) continue;
      values ??= await valuesOf(graph);
      singles.set(kind, single(kind, node, model, types, values));
    }
  }
  return [...singles.values()];
}

function single(
  kind: string,
  node: Node,
  model: Model,
  types: ReturnType<typeof inferShapes>,
  values: ReadonlyMap<string, Tensor>,
): Graph {
  const read = new Set(node.inputs.filter(Boolean));
  const fed = [...read].filter((name) => !model.constants.has(name));
  const asValue = (name: string, shape: Value['shape']): Value => ({ name, type: values.get(name)!.type, shape });
  return {
    name: kind,
    feeds: Object.fromEntries(fed.map((name) => [name, values.get(name)!])),
    model: {
      ...model,
      nodes: [node],
      constants: new Map([...model.constants].filter(([name]) => read.has(name))),
      inputs: fed.map((name) => asValue(name, types.get(name)?.shape ?? values.get(name)!.shape)),
      outputs: node.outputs.filter(Boolean).map((name) => asValue(name, undefined)),
    },
  };
}

/** The names of the values and nodes of graph `i` among others side by side. */
export const nameIn = (i: number, name: string): string => `${i}|${name}`;
export const graphOf = (name: string): number => Number(name.split('|')[0]);

/** Graphs of one operator set as one graph, in which none knows of another. */
export function sideBySide(graphs: readonly Graph[]): Graph {
  const model: Model = { ...graphs[0].model, inputs: [], outputs: [], nodes: [], constants: new Map() };
  const feeds: Graph['feeds'] = {};
  for (const [i, graph] of graphs.entries()) {
    const own = (name: string) => (name === '' ? '' : nameIn(i, name));
    const ownValue = ({ name, type, shape }: Value): Value => ({
      name: own(name),
      type,
      shape: shape?.map((dim) => (typeof dim === 'string' ? own(dim) : dim)),
    });
    for (const [at, node] of graph.model.nodes.entries())
      model.nodes.push({ ...renamedNode(node, own), name: own(node.name || `node ${at}`) });
    for (const [name, tensor] of graph.model.constants) model.constants.set(own(name), tensor);
    model.inputs.push(...graph.model.inputs.map(ownValue));
    model.outputs.push(...graph.model.outputs.map((output) => ({ ...ownValue(output), shape: undefined })));
    for (const [name, tensor] of Object.entries(graph.feeds)) feeds[own(name)] = tensor;
  }
  return { name: graphs.map(({ name }) => name).join(', '), model, feeds };
}
