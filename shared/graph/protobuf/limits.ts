// What a file may list. Far above the largest networks, and low enough that everything else here, which takes a graph's
// nodes a few dozen times, comes to an end in seconds.
import { GraphError } from '../errors.ts';

/** Graphs inside of nodes, in each other. */
export const deepestGraph = 32;
const mostNodes = 2 ** 16;
/** Inputs and outputs of all nodes. */
const mostEdges = 2 ** 18;
/** Inputs, or outputs, or attributes of one node. */
const mostOfOne = 2 ** 14;
/** Constants of a model, or inputs, or outputs. */
const mostConstants = 2 ** 17;
const longestName = 2 ** 12;

interface Counted {
  name: string;
  opType: string;
  input: readonly string[];
  output: readonly string[];
  attribute: readonly unknown[];
}

/** Counts the nodes of a model as they are read. */
export class Limits {
  #nodes = 0;
  #edges = 0;

  /** @throws GraphError for more than any network has */
  count({ name, opType, input, output, attribute }: Counted): void {
    this.#edges += input.length + output.length;
    if (++this.#nodes > mostNodes || this.#edges > mostEdges)
      throw excess(`has more than ${mostNodes} nodes, or ${mostEdges} inputs and outputs of nodes`);
    for (const { length } of [input, output, attribute])
      if (length > mostOfOne)
        throw excess(`has a node "${name.slice(0, 100)}" of ${length} inputs, outputs or attributes`);
    for (const text of [name, opType, ...input, ...output]) checkName(text);
  }
}

/** @throws GraphError for a name that is longer than any exporter writes */
export function checkName(name: string): void {
  if (name.length > longestName)
    throw excess(`has a name of ${name.length} characters, which begins with "${name.slice(0, 60)}"`);
}

/** @throws GraphError for more constants, inputs or outputs than any network has */
export function checkCount(count: number): void {
  if (count > mostConstants) throw excess(`has more than ${mostConstants} constants, inputs or outputs`);
}

/** The error of a file that lists more than it may; `what` completes "The model …". */
export const excess = (what: string) =>
  new GraphError(`The model ${what}: no network does. The file is damaged: fetch or export it again.`);
