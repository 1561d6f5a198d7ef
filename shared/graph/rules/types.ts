import type { Builder } from '../builder.ts';
import type { Node } from '../model.ts';

/** What a rule is given. */
export interface Step {
  node: Node;
  /** The gradient with respect to each output; undefined where none arrives. */
  gradients: (string | undefined)[];
  b: Builder;
  /** Whether the gradient with respect to an input is wanted. */
  needs(input: number): boolean;
}

/** Writes the nodes that turn gradients of a node's outputs into gradients of its inputs, and returns their names. */
export type Rule = (step: Step) => (string | undefined)[];

/** A rule for an operator with one output, given the output's gradient. */
export const simple =
  (rule: (gradient: string, step: Step) => (string | undefined)[]): Rule =>
  (step) => {
    const gradient = step.gradients[0];
    return gradient === undefined ? [] : rule(gradient, step);
  };
