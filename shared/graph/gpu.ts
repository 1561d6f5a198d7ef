// Graphs for ONNX Runtime's native WebGPU provider. A node that it has no kernel for runs on the CPU, and what it reads
// and writes travels there and back. Such operators are written with those that have kernels; and since kernels are
// registered for versions of the operator set, a graph of a newer set is declared one of the newest that is served
// wholly, wherever that changes the meaning of nothing. Source: the provider itself, by test/graph/gpu.test.ts.
import { Builder } from './builder.ts';
import { GraphError, ImpossibleShape } from './errors.ts';
import { lowerings } from './lowerings.ts';
import { type Model, nodeOf, removeUnused } from './model.ts';
import { freeName, namesOf, renamedNode } from './names.ts';
import { withNarrowInputs } from './narrow.ts';
import { declaredAsServed } from './operator-sets.ts';
import { readModel, writeModel } from './protobuf/index.ts';

/** What of a network of unknown shapes cannot be written otherwise stays as it is. */
function attempted(write: () => string | undefined): string | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof GraphError || error instanceof ImpossibleShape) return undefined;
    throw error;
  }
}

/**
 * The same model without operators that the WebGPU provider has no kernel for, as far as they can be written with
 * others.
 */
export function lowerForGpu(model: Model): Model {
  const b = new Builder({ ...model, nodes: [] }, namesOf(model));
  const renamed = new Map<string, string>();
  const kept = new Set<string>();
  for (const original of model.nodes) {
    const node = renamedNode(original, (name) => renamed.get(name) ?? name);
    const lowering =
      node.domain === '' && Object.hasOwn(lowerings, node.operator) ? lowerings[node.operator] : undefined;
    b.scope = node.name || node.outputs[0];
    const result = lowering && attempted(() => lowering(node, b));
    if (result !== undefined) renamed.set(node.outputs[0], result);
    else {
      b.append(node);
      kept.add(node.name);
    }
  }
  // Whoever asks for an output knows it by its own name.
  for (const { name } of model.outputs) {
    const source = renamed.get(name);
    if (source) b.append({ ...nodeOf('Identity', [source], name), name: freeName(name, kept) });
  }
  return declaredAsServed(withNarrowInputs(removeUnused(b.finish({}))), b.facts.types);
}

/**
 * An ONNX file for the WebGPU provider: to be done with whatever a session is opened of, since what only looks at
 * images has the same operators as gradients have. Twice does no harm.
 */
export const fileForGpu = (bytes: Uint8Array): Uint8Array => writeModel(lowerForGpu(readModel(bytes)));
