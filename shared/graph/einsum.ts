import { GraphError } from './errors.ts';
import { at, attribute, describe, type Node } from './model.ts';

/** The indices of an Einsum: one list of letters for each input, and one for the output. */
export interface EinsumTerms {
  terms: string[][];
  output: string[];
}

const mostFactors = 32;
const longestEquation = 1024;

/**
 * Reads the equation of an Einsum whose inputs have these ranks; an ellipsis becomes capital letters with a dot, which
 * no equation has.
 */
export function einsumTerms(node: Node, ranks: readonly number[]): EinsumTerms {
  const given = attribute(node, 'equation', '');
  if (ranks.length > mostFactors || given.length > longestEquation)
    throw new GraphError(
      `The ${describe(node)} has ${ranks.length} inputs and an equation of ${given.length} characters, more than any network needs. Export it as MatMul.`,
      at(node),
    );
  const equation = given.replaceAll(' ', '');
  const [left, right] = equation.split('->');
  const written = left.split(',');
  const fail = (why: string) =>
    new GraphError(`The ${describe(node)} has the equation "${equation}", ${why}. Export it as MatMul.`, at(node));
  if (written.length !== ranks.length) throw fail(`which does not fit its ${ranks.length} inputs`);
  const hidden = (term: string, rank: number) => rank - term.replace('...', '').length;
  const depth = Math.max(0, ...written.map((term, i) => (term.includes('...') ? hidden(term, ranks[i]) : 0)));
  const expand = (term: string, count: number): string[] => {
    const [before, after] = term.split('...');
    if (after === undefined) return [...term];
    return [...before, ...Array.from({ length: count }, (_, i) => `.${depth - count + i}`), ...after];
  };
  const terms = written.map((term, i) => expand(term, hidden(term, ranks[i])));
  if (terms.some((term, i) => term.length !== ranks[i])) throw fail('which does not fit the ranks of its inputs');
  const letters = terms.flat();
  const implicit = () =>
    [...new Set(letters)].filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  return { terms, output: right === undefined ? implicit() : expand(right, depth) };
}
