// GPU providers compute with int64 on the CPU, if at all, and labels need no more than 32 bits.
import { type Model, type Node, nodeOf } from './model.ts';
import { freeName, namesOf } from './names.ts';
import { convert } from './tensor.ts';

/** What gives the same numbers another shape. */
const views = new Set(['Identity', 'Reshape', 'Squeeze', 'Unsqueeze']);

/**
 * The same model, whose int64 inputs are int32. What compares them with constants does so in int32; for all else they
 * are widened.
 */
export function withNarrowInputs(model: Model): Model {
  const narrow = new Set(model.inputs.flatMap(({ name, type }) => (type === 'int64' ? [name] : [])));
  if (narrow.size === 0) return model;
  const taken = namesOf(model);
  const constants = new Map(model.constants);
  const nodes: Node[] = [];
  const added = new Map<string, string>();
  /** A value made of another once, for all that read it. */
  const once = (name: string, hint: string, make: (free: string) => void): string => {
    const key = `${name}/${hint}`;
    const known = added.get(key);
    if (known) return known;
    const free = freeName(key, taken);
    taken.add(free);
    added.set(key, free);
    make(free);
    return free;
  };
  const widened = (name: string) =>
    once(name, 'int64', (free) => nodes.push(nodeOf('Cast', [name], free, { to: { kind: 'int', value: 7 } })));
  const narrowed = (name: string) =>
    once(name, 'int32', (free) => constants.set(free, convert(constants.get(name)!, 'int32')));
  for (const node of model.nodes) {
    const [first, second] = node.inputs;
    const isOwn = node.domain === '';
    if (isOwn && views.has(node.operator) && narrow.has(first) && !isOutput(model, node)) {
      narrow.add(node.outputs[0]);
      nodes.push(node);
    } else if (isOwn && node.operator === 'Equal' && narrow.has(first) && constants.has(second))
      nodes.push({ ...node, inputs: [first, narrowed(second)] });
    else nodes.push({ ...node, inputs: node.inputs.map((name) => (narrow.has(name) ? widened(name) : name)) });
  }
  const inputs = model.inputs.map((input) => (input.type === 'int64' ? { ...input, type: 'int32' as const } : input));
  return { ...model, inputs, constants, nodes };
}

const isOutput = (model: Model, node: Node): boolean => model.outputs.some(({ name }) => node.outputs.includes(name));
