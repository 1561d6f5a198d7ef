// Arithmetic on dimensions, of which some are only known when the model runs: products such as "64*N" stay exact.
import type { Dim } from './model.ts';

interface Product {
  factor: number;
  names: string[];
}

function parse(dim: Dim): Product {
  if (typeof dim === 'number') return { factor: dim, names: [] };
  const parts = dim.split('*');
  const factor = Number(parts[0]);
  return Number.isInteger(factor) ? { factor, names: parts.slice(1) } : { factor: 1, names: parts };
}

function format({ factor, names }: Product): Dim {
  if (names.length === 0 || factor === 0) return factor;
  return [...(factor === 1 ? [] : [factor]), ...names.toSorted()].join('*');
}

/** The product of dimensions: a number where all are known, else a name such as "N" or "64*N". */
export function product(dims: readonly Dim[]): Dim {
  const parts = dims.map(parse);
  return format({
    factor: parts.reduce((product, { factor }) => product * factor, 1),
    names: parts.flatMap(({ names }) => names),
  });
}

/** dividend / divisor where that is exact whatever the names stand for, else undefined. */
export function quotient(dividend: Dim, divisor: Dim): Dim | undefined {
  const [a, b] = [parse(dividend), parse(divisor)];
  const names = [...a.names];
  for (const name of b.names) {
    const position = names.indexOf(name);
    if (position < 0) return undefined;
    names.splice(position, 1);
  }
  const factor = a.factor / b.factor;
  return Number.isInteger(factor) ? format({ factor, names }) : undefined;
}
