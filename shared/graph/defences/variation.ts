// Total variation made smaller: A. Chambolle, "An algorithm for total variation minimization and applications", Journal
// of Mathematical Imaging and Vision 20, 2004. The picture u near f that makes TV(u) + |u - f|^2 / (2 weight) least is
// u = f - weight div p, where p <- (p + t g) / (1 + t |g|), g the gradient of div p - f / weight, step t = 1/4. Each
// colour by itself. As a defence: C. Guo et al., ICLR 2018, arXiv 1711.00117.
import { int, ints } from '../model.ts';
import { floats } from '../tensor.ts';
import type { Write } from './defence.ts';
import { toPixels } from './rounding.ts';

const iterations = 10;
const step = 0.25;
/** Keeps the root of nothing differentiable. */
const least = 1e-10;

export const variation: Write<'variation'> = (b, canvas, size, { weight }) => {
  const kernels = { kernel_shape: ints([2, 2]), group: int(3) };
  // Per colour the difference to the pixel below and to the one on the right; none beyond the edge.
  const forward = b.constant(floats(Array(3).fill([-1, 0, 1, 0, -1, 1, 0, 0]).flat(), [6, 1, 2, 2]), 'forward');
  const inside = new Float32Array(2 * size * size).map((_, i) => {
    const [down, right] = [Math.floor(i / size) % size, i % size];
    return (i < size * size ? down : right) < size - 1 ? 1 : 0;
  });
  const mask = b.constant(floats(inside, [1, 1, 2, size, size]), 'inside');
  // Its adjoint with the sign turned: the divergence.
  const backward = b.constant(floats(Array(3).fill([0, -1, 0, 1, 0, 0, -1, 1]).flat(), [3, 2, 2, 2]), 'backward');
  const gradient = (x: string) => {
    const both = b.add('Conv', [x, forward], { ...kernels, pads: ints([0, 0, 1, 1]) });
    return b.mul(b.add('Reshape', [both, b.ints([0, 3, 2, size, size])]), mask);
  };
  const divergence = (p: string) => {
    const flat = b.add('Reshape', [p, b.ints([0, 6, size, size])]);
    return b.add('Conv', [flat, backward], { ...kernels, pads: ints([1, 1, 0, 0]) });
  };
  const wanted = b.mul(canvas, b.scalar(1 / weight));
  let p: string | undefined;
  for (let i = 0; i < iterations; i++) {
    const apart = p ? b.add('Sub', [divergence(p), wanted]) : b.add('Neg', [wanted]);
    const g = b.mul(gradient(apart), b.scalar(step));
    const length = b.add('Sqrt', [b.add('Add', [b.sum(b.mul(g, g), [2], true), b.scalar(least)])]);
    p = b.add('Div', [p ? b.add('Add', [p, g]) : g, b.add('Add', [length, b.scalar(1)])]);
  }
  return toPixels(b, b.add('Sub', [canvas, b.mul(divergence(p as string), b.scalar(weight))]));
};
