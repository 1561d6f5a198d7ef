// What a child for foreign files might be given to do, the worst of it included.
import { GraphError } from '#shared/graph';
import { nowRunning, report } from '../../batch/children/index.ts';
import { openOnce } from '../../batch/compute/index.ts';
import { tinyModel } from './tiny-model.ts';

/** Never ends, and never lets anything else run in its process. */
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

/** What a fault in a native library does. */
export function crash(): never {
  process.abort();
}

/** Runs a model again and again, without end. */
export async function infer(model: Uint8Array): Promise<never> {
  const session = await openOnce(model);
  nowRunning();
  report('running');
  const { length, size } = tinyModel();
  const canvas = { type: 'float32' as const, data: new Float32Array(length), dims: [1, 3, size, size] };
  for (;;) await session.run({ canvas });
}

export const processId = () => process.pid;

export const double = (values: Float32Array): Float32Array => values.map((value) => 2 * value);

export function refuse(): never {
  throw new GraphError('The graph is none.');
}

export function fault(): never {
  throw new TypeError('undefined is no number');
}
