// Arithmetic on dimensions, of which some are only known when the model runs. Products such as "50*N*12" stay exact,
// and keep in which order the factors vary: 50 slowest, then the batch, 12 fastest.
import { GraphError } from './errors.ts';
import type { Dim } from './model.ts';

/** Sizes that only the running model knows, in one product: more than any network multiplies. */
const mostFactors = 16;

/** slow * names * fast. */
export interface Product {
  slow: number;
  names: string[];
  fast: number;
}

export function factorsOf(dim: Dim): Product {
  if (typeof dim === 'number') return { slow: dim, names: [], fast: 1 };
  const product: Product = { slow: 1, names: [], fast: 1 };
  for (const part of dim.split('*')) {
    const factor = Number(part);
    if (!Number.isInteger(factor)) product.names.push(part);
    else if (product.names.length === 0) product.slow *= factor;
    else product.fast *= factor;
  }
  return product;
}

function format({ slow, names, fast }: Product): Dim {
  if (names.length === 0 || slow * fast === 0) return slow * fast;
  return [...(slow === 1 ? [] : [slow]), ...names, ...(fast === 1 ? [] : [fast])].join('*');
}

/** The product of dimensions, slowest first: a number where all are known, else a name such as "N" or "N*64". */
export function product(dims: readonly Dim[]): Dim {
  const result: Product = { slow: 1, names: [], fast: 1 };
  for (const { slow, names, fast } of dims.map(factorsOf)) {
    if (result.names.length === 0) result.slow *= slow;
    else result.fast *= slow;
    for (const name of names) result.names.push(name);
    if (result.names.length > mostFactors)
      throw new GraphError(
        `A size of the graph is the product of more than ${mostFactors} sizes that only the running model knows. The file is damaged: export it again with a fixed input shape.`,
      );
    if (result.names.length === 0) result.slow *= fast;
    else result.fast *= fast;
  }
  return format(result);
}

/** dividend / divisor where that is exact whatever the names stand for, else undefined. */
export function quotient(dividend: Dim, divisor: Dim): Dim | undefined {
  const [a, b] = [factorsOf(dividend), factorsOf(divisor)];
  const names = [...a.names];
  for (const name of b.names) {
    const position = names.indexOf(name);
    if (position < 0) return undefined;
    names.splice(position, 1);
  }
  const by = b.slow * b.fast;
  const whole = (fast: number, slow: number) => Number.isInteger(fast) && Number.isInteger(slow);
  // What is divided away usually varied fastest; else it was the slowest, or both.
  for (const [slow, fast] of [
    [a.slow, a.fast / by],
    [a.slow / by, a.fast],
    [(a.slow * a.fast) / by, 1],
  ])
    if (whole(fast, slow)) return format({ slow, names, fast });
  return undefined;
}

/**
 * What is left of `total` between the dimensions ahead of it (slower) and behind it (faster), or undefined where that
 * is not exact.
 */
export function between(total: Dim, ahead: Dim, behind: Dim): Dim | undefined {
  const { slow, names, fast } = factorsOf(total);
  if (typeof ahead === 'number' && typeof behind === 'number' && names.length > 0) {
    const rest = { slow: slow / ahead, names, fast: fast / behind };
    if (Number.isInteger(rest.slow) && Number.isInteger(rest.fast)) return format(rest);
  }
  return quotient(total, product([ahead, behind]));
}
