import type { Builder } from '../builder.ts';
import { GraphError } from '../errors.ts';
import { at, describe, type Node } from '../model.ts';

/** What a rule is given. */
export interface Step {
  node: Node;
  /** The gradient with respect to each output; undefined where none arrives. */
  gradients: (string | undefined)[];
  b: Builder;
  /** Whether the gradient with respect to an input is wanted. */
  needs(input: number): boolean;
}

/** Said of an input that the output does not depend on, or only through steps: its gradient is zero. */
export const zero = Symbol('zero');

/**
 * The gradient with respect to one input: the name of a value, or `zero`. Undefined where the rule has none, which is
 * an error for an input that the gradient is wanted of.
 */
export type Contribution = string | typeof zero | undefined;

/** What a rule leaves out would count as zero, and the gradient be wrong without a word. */
export const withoutGradient = (node: Node, input: number): GraphError =>
  new GraphError(
    `The ${describe(node)} depends on the image through its input ${input + 1} as well, "${node.inputs[input]}", which has no gradient rule. Export the model with a constant there, or add it to the rule in shared/graph/rules/.`,
    at(node),
  );

/** Writes the nodes that turn gradients of a node's outputs into gradients of its inputs, and returns their names. */
export type Rule = (step: Step) => Contribution[];

/** A rule for an operator of whose outputs only the first has a gradient. */
export const simple =
  (rule: (gradient: string, step: Step) => Contribution[]): Rule =>
  (step) => {
    const { node, gradients } = step;
    const other = gradients.findIndex((gradient, i) => i > 0 && gradient !== undefined);
    if (other > 0)
      throw new GraphError(
        `The model goes on with output ${other + 1} of the ${describe(node)}, "${node.outputs[other]}", which has no gradient rule. Only the first output has one: export the model without the other.`,
        at(node),
      );
    const [gradient] = gradients;
    return gradient === undefined ? [] : rule(gradient, step);
  };
