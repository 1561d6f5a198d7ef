// What the analysis of one graph may cost. Single nodes cannot be judged: four hundred additions of eight million
// numbers each, or a function that calls itself ten times in eight levels, are harmless one by one.
import { GraphError } from './errors.ts';
import { at, describe, type Node } from './model.ts';
import { extentOf } from './tensor.ts';

// Position encodings, masks and index tables of the largest networks stay far below the first figure of each pair;
// weights that are computed (dequantised, standardised, merged) grow with the weights that the file has.
const elementsAlways = 2 ** 24;
const elementsPerWeight = 8;
const stepsAlways = 2 ** 28;
const stepsPerWeight = 2 ** 8;
/** Masks and position tables that are filled with one value are smaller, in elements; weights are not. */
const filledNow = 2 ** 18;
/** What is left to the runtime to fill with one value, in elements: 4 GB of floats. Files without weights have it. */
const filledLater = 2 ** 30;
/** An unrolled network of the largest kind has some ten thousand nodes, and its gradient a few times as many. */
const mostNodes = 2 ** 18;
/** What it takes to follow one input or output of a node that is added. */
const stepsPerEdge = 16;
/** Names of values that are made, and symbolic sizes: a name is rarely longer than a hundred characters. */
const mostCharacters = 2 ** 26;

/** Counts what an analysis computes and holds, and refuses the file where it asks for too much. */
export class Budget {
  /** Whom a refusal names. */
  node: Node | undefined;
  readonly #elements: { left: number; all: number };
  readonly #steps: { left: number; all: number };
  #nodes = mostNodes;
  #characters = mostCharacters;
  /** Filling is cheap to put off: half of all is kept for what is computed. */
  #fills: number;
  #later = filledLater;

  /** @param weights elements of all weights that the file itself holds */
  constructor(weights: number) {
    const elements = elementsAlways + elementsPerWeight * weights;
    const steps = stepsAlways + stepsPerWeight * weights;
    this.#elements = { left: elements, all: elements };
    this.#fills = elements / 2;
    this.#steps = { left: steps, all: steps };
  }

  /**
   * Before a tensor of this shape is made. Sizes of zero count as one, since loops turn over the sizes beside them.
   *
   * @param steps simple operations that it takes besides writing every element
   * @throws ImpossibleShape, or GraphError beyond the budget
   */
  hold(shape: readonly number[], steps = 0): void {
    const extent = extentOf(shape);
    this.#elements.left -= extent;
    if (!(this.#elements.left >= 0))
      throw this.#refusal(`hold more than ${rounded(this.#elements.all)} numbers that are computed in advance`);
    this.work(extent + steps);
  }

  /**
   * Before a tensor of this shape is filled with one value: whether to do it now, or to leave it to the runtime, since
   * it is large.
   *
   * @throws ImpossibleShape, or GraphError beyond the budget
   */
  fill(shape: readonly number[]): boolean {
    const extent = extentOf(shape);
    if (extent > Math.min(filledNow, this.#fills)) {
      this.#later -= extent;
      if (!(this.#later >= 0)) throw this.#refusal(`fill more than ${rounded(filledLater)} numbers with one value`);
      return false;
    }
    this.#fills -= extent;
    this.hold(shape);
    return true;
  }

  /** Before so many simple operations, such as a multiplication of two numbers. @throws GraphError beyond the budget */
  work(steps: number): void {
    this.#steps.left -= steps;
    if (!(this.#steps.left >= 0))
      throw this.#refusal(`take more than ${rounded(this.#steps.all)} steps to compute in advance`);
  }

  /** Before a node is added to the graph. @throws GraphError beyond the budget */
  add({ name, inputs, outputs }: Node): void {
    this.name(name);
    this.work(stepsPerEdge * (inputs.length + outputs.length));
    if (--this.#nodes < 0) throw this.#refusal(`get more than ${mostNodes} further nodes`);
  }

  /** Before a name or a symbolic size is kept. @throws GraphError beyond the budget */
  name(name: string): void {
    this.#characters -= name.length;
    if (this.#characters < 0) throw this.#refusal('need names of more than 64 million characters');
  }

  #refusal(what: string): GraphError {
    const { node } = this;
    return new GraphError(
      `The graph would ${what}${node ? `, at the ${describe(node)}` : ''}, far beyond what its own weights ask for. The file is damaged, or made to exhaust this machine: export the model again, with its constants folded.`,
      node ? at(node) : {},
    );
  }
}

const rounded = (count: number): string =>
  count < 2 ** 30 ? `${Math.round(count / 1e6)} million` : `${(count / 1e9).toFixed(1)} billion`;
