// What a thread for foreign files might be given to do, the worst of it included.
import { GraphError } from '#shared/graph';
import { nowRunning, report } from '../../batch/threads/index.ts';

/** Never ends, and never lets anything else run in its thread. */
export function spin(running = false): never {
  report('spinning');
  if (running) nowRunning();
  for (;;);
}

/** Fills the heap with small things. */
export function hoard(): never {
  const all: object[] = [];
  for (;;) all.push({ all });
}

export const double = (values: Float32Array): Float32Array => values.map((value) => 2 * value);

export function refuse(): never {
  throw new GraphError('The graph is none.');
}

export function fault(): never {
  throw new TypeError('undefined is no number');
}
