import { afterEach, expect, test, vi } from 'vitest';
import { type Graphs, surrogateWork } from '#shared/attacks';
import { prepare, readModel, writeModel } from '#shared/graph';
import { graphsApart } from '../../batch/zoo/index.ts';
import { classifier, node, side } from '../support/hostile-models/file.ts';
import { tinyModel } from '../support/tiny-model.ts';

/** A prepared model whose gradients take many seconds of honest work. */
const long = (() => {
  const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const steps = Array.from({ length: 8000 }, (_, i) => node('MaxPool', [i ? `m${i}` : 'x'], [`m${i + 1}`], window));
  const file = classifier({ nodes: [...steps, node('Identity', ['m8000'], ['c'])], isApart: true });
  const facts = { inputSize: side, channelOrder: 'RGB', layout: 'NCHW', range: 1, mean: [0, 0, 0], std: [1, 1, 1] };
  return { id: 'long', bytes: writeModel(prepare(readModel(file), { ...facts, canvas: side } as never)) };
})();
const { bytes } = tinyModel();
const tiny = { id: 'tiny', bytes };
const loss = { kind: 'cosine', parameters: {} } as const;

afterEach(() => void vi.unstubAllEnvs());

test('graphs of surrogates are worked on apart, to the same bytes', async () => {
  const graphs = graphsApart();
  expect(await graphs.gradient(tiny, loss, 'cpu')).toEqual(surrogateWork.gradient(tiny, loss, 'cpu'));
  expect(await graphs.mean({ id: 'two' }, [bytes, bytes])).toEqual(surrogateWork.mean({ id: 'two' }, [bytes, bytes]));
  expect(await graphs.batch(tiny)).toEqual({ mixing: null, isApart: true });
  expect(await graphs.layer(tiny, 0.5, 'cpu')).toEqual(surrogateWork.layer(tiny, 0.5, 'cpu'));
});

test('the gradients of one that take long are given up at once, and hold nothing else up', async () => {
  const controller = new AbortController();
  let last = performance.now();
  let longest = 0;
  const ticks = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 20);
  const made = graphsApart(controller.signal).gradient(long, loss, 'cpu');
  setTimeout(() => controller.abort(new Error('interrupted')), 1500);
  const started = performance.now();
  await expect(made).rejects.toThrow('interrupted');
  clearInterval(ticks);
  expect(performance.now() - started).toBeLessThan(4000);
  expect(longest).toBeLessThan(1000);
});

test('each kind of work has a deadline, in which the model is named', async () => {
  vi.stubEnv('ATLAS_DEADLINE', '0.01');
  const graphs = graphsApart();
  const work: { [Name in keyof Graphs]: () => Promise<unknown> } = {
    gradient: () => graphs.gradient(tiny, loss, 'cpu'),
    layer: () => graphs.layer(tiny, 0.5, 'cpu'),
    mean: () => graphs.mean({ id: 'tiny' }, [bytes, bytes]),
    batch: () => graphs.batch(tiny),
  };
  for (const [name, run] of Object.entries(work))
    await expect(run(), name).rejects.toThrow(/^The model tiny took longer than 0\.01 seconds/);
});
