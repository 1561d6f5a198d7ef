import { expect, test } from 'vitest';
import { differentiate, type Model, withCotangent } from '#shared/graph';
import { int } from '../../shared/graph/model.ts';
import { floats } from '../../shared/graph/tensor.ts';
import { noise, open } from './support.ts';

/** x quantised and widened again, as exporters write it around every operator. */
function quantised(scale: number[], zero: number[], shape: number[]): Model {
  const step = (operator: string, input: string, output: string) => ({
    operator,
    domain: '',
    name: output,
    inputs: [input, 'scale', 'zero'],
    outputs: [output],
    attributes: { axis: int(1) },
  });
  const single = scale.length === 1 ? [] : [scale.length];
  return {
    irVersion: 8,
    opset: 17,
    domains: {},
    producer: 'test',
    name: 'test',
    inputs: [{ name: 'x', type: 'float32', shape }],
    outputs: [{ name: 'y', type: 'float32', shape }],
    constants: new Map([
      ['scale', floats(scale, single)],
      ['zero', { type: 'int8', shape: single, data: Int8Array.from(zero) }],
    ]),
    nodes: [step('QuantizeLinear', 'x', 'q'), step('DequantizeLinear', 'q', 'y')],
    metadata: {},
  };
}

test.each([
  ['one scale', [0.01], [5]],
  ['a scale for each channel', [0.01, 0.002, 0.05], [0, -20, 90]],
])('gradients pass straight through rounding, and stop where values are clipped: %s', async (_, scale, zero) => {
  const shape = [2, 3, 20];
  const data = noise(120, 5).map((value) => 2 * value);
  const run = await open(differentiate(withCotangent(quantised(scale, zero, shape)), { of: 'loss', wrt: 'x' }));
  const cotangent = noise(120, 9);
  const { y, gradient } = await run({ x: { data, shape }, cotangent: { data: cotangent, shape } });
  let clipped = 0;
  for (let i = 0; i < data.length; i++) {
    const channel = scale.length === 1 ? 0 : Math.floor(i / 20) % 3;
    const rounded = Math.abs(y[i] - data[i]) <= 0.51 * scale[channel];
    if (!rounded) clipped++;
    expect(gradient[i]).toBeCloseTo(rounded ? cotangent[i] : 0, 5);
  }
  expect(clipped).toBeGreaterThan(10);
  expect(clipped).toBeLessThan(110);
});
