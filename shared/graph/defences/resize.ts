// Random resizing and padding: C. Xie, J. Wang, Z. Zhang, Z. Ren, A. Yuille, "Mitigating Adversarial Effects Through
// Randomization", ICLR 2018, arXiv 1711.01991. There each look at a picture draws anew. Here the draws are made
// beforehand, and which of them a picture gets follows from its pixels, so that one change of one of them brings
// another draw, and the graph gives the same twice.
import { contributions } from '../../images/resample.ts';
import { int } from '../model.ts';
import { floats } from '../tensor.ts';
import type { Placement, Write } from './defence.ts';
import { toPixels } from './rounding.ts';

/** Pixels a side that are added up, at most: their sum is a whole number that float32 holds. */
const looked = 256;

export const resize: Write<'resize'> = (b, canvas, size, { draws }) => {
  const every = Math.ceil(size / looked);
  const some = b.add('Slice', [
    canvas,
    ...[
      [1, 0, 0],
      [2, size, size],
      [1, 2, 3],
      [1, every, every],
    ].map(b.ints),
  ]);
  const sum = b.sum(some, [1, 2, 3], false);
  const count = b.scalar(draws.length);
  const whole = b.add('Floor', [b.add('Div', [sum, count])]);
  const index = b.add('Cast', [b.add('Sub', [sum, b.mul(whole, count)])], { to: int(7) });
  const chosen = (matrices: Float32Array[], hint: string) => {
    const all = new Float32Array(draws.length * size * size);
    matrices.forEach((matrix, i) => {
      all.set(matrix, i * size * size);
    });
    const table = b.constant(floats(all, [draws.length, size, size]), hint);
    return b.add('Unsqueeze', [b.add('Gather', [table, index], { axis: int(0) }), b.ints([1])]);
  };
  const rows = chosen(
    draws.map(({ side, down }) => placing(size, side, down)),
    'rows',
  );
  const columns = chosen(
    draws.map(({ side, right }) => turned(placing(size, side, right), size)),
    'columns',
  );
  return toPixels(b, b.add('MatMul', [rows, b.add('MatMul', [canvas, columns])]));
};

/** [size,size]: makes `size` pixels `side` ones and puts them where they begin; nothing elsewhere. */
function placing(size: number, side: Placement['side'], start: number): Float32Array {
  const matrix = new Float32Array(size * size);
  for (const [i, { first, weights }] of contributions(size, side).entries())
    matrix.set(weights, (start + i) * size + first);
  return matrix;
}

const turned = (matrix: Float32Array, size: number) =>
  matrix.map((_, i) => matrix[(i % size) * size + Math.floor(i / size)]);
