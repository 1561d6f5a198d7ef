// Integer vectors that shapes are made of, where some elements are sizes that only the running model knows.
import { product, quotient } from './dims.ts';
import { castType, positiveAxis } from './evaluate.ts';
import type { Facts } from './facts.ts';
import { attribute, type Dim, type Node } from './model.ts';
import { longestVector, vectorOf } from './shape-rules/index.ts';

/** Follows dimensions through the small nodes that exporters put between Shape and Reshape. */
export function symbolicVector(node: Node, facts: Facts): Dim[] | undefined {
  if (node.operator === 'Shape') {
    const shape = facts.types.get(node.inputs[0])?.shape;
    return shape?.slice(attribute(node, 'start', 0), attribute(node, 'end', shape.length));
  }
  if (
    ![
      'Gather',
      'Slice',
      'Concat',
      'Squeeze',
      'Unsqueeze',
      'Cast',
      'Identity',
      'Reshape',
      'Add',
      'Sub',
      'Mul',
      'Div',
      'Equal',
      'Where',
    ].includes(node.operator)
  )
    return undefined;
  if (node.operator === 'Cast' && castType(node) !== 'int64' && castType(node) !== 'int32') return undefined;
  const [x, second, third] = node.inputs.map((name) => vectorOf(name, facts));
  if (!x) return undefined;
  switch (node.operator) {
    case 'Gather': {
      const picked = second?.map((index) => (typeof index === 'number' ? x[positiveAxis(index, x.length)] : undefined));
      return picked?.every((dim) => dim !== undefined) ? picked : undefined;
    }
    case 'Slice': {
      const [start, end, , step] = node.inputs.slice(1).map((name) => vectorOf(name, facts)?.[0]);
      if (typeof start !== 'number' || typeof end !== 'number' || (step ?? 1) !== 1) return undefined;
      return x.slice(start, end);
    }
    case 'Concat': {
      const parts = node.inputs.map((name) => vectorOf(name, facts));
      if (!parts.every((part) => part !== undefined)) return undefined;
      // Each Concat may double it.
      return parts.reduce((length, part) => length + part.length, 0) <= longestVector ? parts.flat() : undefined;
    }
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return second && arithmetic(node.operator, x, second);
    case 'Equal': {
      // A name is a size, so it differs from -1, which is what exporters ask here; otherwise nothing can be said.
      const same = second && x.map((dim, i) => compare(dim, second[second.length === 1 ? 0 : i]));
      return same?.every((value) => value !== undefined) ? same : undefined;
    }
    case 'Where':
      return (
        second &&
        third &&
        x.map((chosen, i) => (chosen ? second : third)[(chosen ? second : third).length === 1 ? 0 : i])
      );
    default:
      return x;
  }
}

function compare(a: Dim, b: Dim): number | undefined {
  if (a === b) return 1;
  if (typeof a === typeof b || (typeof a === 'number' && a >= 0) || (typeof b === 'number' && b >= 0))
    return typeof a === 'number' && typeof b === 'number' ? 0 : undefined;
  return 0;
}

function arithmetic(operator: string, a: Dim[], b: Dim[]): Dim[] | undefined {
  const length = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let i = 0; i < length; i++) {
    const left = a[a.length === 1 ? 0 : i];
    const right = b[b.length === 1 ? 0 : i];
    const value = combine(operator, left, right);
    if (value === undefined) return undefined;
    result.push(value);
  }
  return result;
}

function combine(operator: string, a: Dim, b: Dim): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    if (operator === 'Add') return a + b;
    if (operator === 'Sub') return a - b;
    if (operator === 'Mul') return a * b;
    return b === 0 ? undefined : Math.trunc(a / b);
  }
  if (operator === 'Mul') return product([a, b]);
  if (operator === 'Div') return quotient(a, b);
  return b === 0 ? a : undefined;
}
