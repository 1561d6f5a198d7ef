// Integers of gradient graphs for GPUs: what is fed as int32, and what comes of it.
import { expect, test } from 'vitest';
import { differentiate, type Model, withCrossEntropy, withMargin } from '#shared/graph';
import { nodeOf } from '../../shared/graph/model.ts';
import { withNarrowInputs } from '../../shared/graph/narrow.ts';
import { int64s, type Tensor } from '../../shared/graph/tensor.ts';
import { canvasesOf, tinyPrepared } from './gpu-networks.ts';
import { runOnCpu } from './gpu-nodes.ts';

const narrow: Tensor = { type: 'int32', shape: [2], data: Int32Array.of(1, 4) };
const canvas = canvasesOf(20);

test.each([
  ['cross-entropy', withCrossEntropy],
  ['margin', withMargin],
])('labels of a %s are int32, no node computes with int64, and the loss is the same', async (_, withLoss) => {
  const loss = withLoss(tinyPrepared());
  const gpu = differentiate(loss, { of: 'loss', wrt: 'canvas', profile: 'gpu' });
  expect(gpu.inputs.find(({ name }) => name === 'labels')?.type).toBe('int32');
  expect(gpu.nodes.filter(({ operator, attributes }) => operator === 'Cast' && attributes.to?.value === 7)).toEqual([]);
  const cpu = differentiate(loss, { of: 'loss', wrt: 'canvas' });
  const found = await runOnCpu({ name: 'gpu', model: gpu, feeds: { canvas, labels: narrow } });
  const expected = await runOnCpu({ name: 'cpu', model: cpu, feeds: { canvas, labels: int64s([1, 4]) } });
  for (const [i, value] of found.loss.data.entries()) expect(value).toBeCloseTo(Number(expected.loss.data[i]), 4);
});

test('what does more with an integer than compare it gets it as int64', async () => {
  const model: Model = {
    ...{ irVersion: 8, opset: 17, domains: {}, producer: 'test', name: 'test', metadata: {} },
    inputs: [{ name: 'i', type: 'int64', shape: [2] }],
    outputs: ['sum', 'same'].map((name) => ({ name, type: 'int64' as const, shape: [2, 1] })),
    constants: new Map([['one', int64s([1])]]),
    nodes: [
      nodeOf('Unsqueeze', ['i', 'one'], 'column'),
      nodeOf('Add', ['column', 'one'], 'sum'),
      nodeOf('Unsqueeze', ['i', 'one'], 'same'),
    ],
  };
  const { sum, same } = await runOnCpu({ name: 'sums', model: withNarrowInputs(model), feeds: { i: narrow } });
  expect([sum, same].map(({ type, data }) => [type, [...data]])).toEqual([
    ['int64', [2n, 5n]],
    ['int64', [1n, 4n]],
  ]);
});
