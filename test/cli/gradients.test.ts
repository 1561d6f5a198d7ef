import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readNpy, writeNpy } from '#shared/formats';
import { type Model, type Node, readModel, writeModel } from '#shared/graph';
import { writeWithExternalWeights } from '../support/external-weights.ts';
import { tinyModel } from '../support/tiny-model.ts';
import { atlas } from './atlas.ts';

// Each test starts processes, on machines that may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 });

const tiny = tinyModel({ size: 4, classes: 3 });
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atlas-gradients-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

describe('atlas gradients check', () => {
  test('reports every kind of loss, and how far each is from finite differences', async () => {
    const { code, stdout, stderr } = await atlas([
      'gradients',
      'check',
      'squeezenet1_1',
      '--directions',
      '1',
      '--json',
    ]);
    expect(code, stderr).toBe(0);
    const { relativeError, agree, tolerance, directions, loss, losses } = JSON.parse(stdout);
    expect({ agree, tolerance }).toEqual({ agree: true, tolerance: 0.05 });
    const kinds = [
      ...['cross-entropy', 'clamped cross-entropy', 'margin', 'cosine', 'evading cosine'],
      ...['class gradient', 'activation energy'],
    ];
    expect(losses.map(({ name }: { name: string }) => name)).toEqual(kinds);
    expect(directions).toBe(1);
    expect(loss).toBe(losses[0].mean);
    const errors = losses.map((one: { relativeError: number }) => one.relativeError);
    expect(relativeError).toBe(Math.max(...errors));
    // A wrong rule is off by tenths and more; the kinks of Relu and float32 by hundredths at most.
    expect(relativeError).toBeLessThan(0.05);
    expect(Math.min(...errors)).toBeGreaterThan(0);
  });

  test('takes a prepared model, and says of another what to do', async () => {
    writeFileSync(at('prepared.onnx'), tiny.bytes);
    const { stdout } = await atlas(['gradients', 'check', at('prepared.onnx')]);
    expect(stdout).toMatch(/^cross-entropy +\d\.\d+e-\d/m);
    expect(stdout).toMatch(/^Gradients and finite differences agree: the largest relative error is .*, and 0\.05 is/m);
    const { code, stderr } = await atlas(['gradients', 'check', 'zoo/starter/models/squeezenet1_1.onnx']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/squeezenet1_1\.onnx is not a prepared model.*models prepare/);
  });
});

describe('atlas gradients check, of a model that is', () => {
  const changed = (change: (model: Model) => Model) => writeModel(change(readModel(tiny.bytes)));

  test('a staircase says that they do not agree, and ends with status 1', async () => {
    // Rounding to steps of 64 is passed through by the gradient, and flat for finite differences.
    const bytes = changed((model) => ({
      ...model,
      constants: new Map([
        ...model.constants,
        ['step', { type: 'float32', shape: [], data: Float32Array.of(64) }],
        ['zero', { type: 'uint8', shape: [], data: Uint8Array.of(0) }],
      ]),
      nodes: [
        plain('QuantizeLinear', ['canvas', 'step', 'zero'], 'rounded'),
        plain('DequantizeLinear', ['rounded', 'step', 'zero'], 'stairs'),
        ...model.nodes.map((node) => ({
          ...node,
          inputs: node.inputs.map((name) => (name === 'canvas' ? 'stairs' : name)),
        })),
      ],
    }));
    writeFileSync(at('stairs.onnx'), bytes);
    const { code, stdout, stderr } = await atlas(['gradients', 'check', at('stairs.onnx')]);
    expect(code, stderr).toBe(1);
    expect(stdout).toMatch(/^Gradients and finite differences do not agree: the largest relative error is \d/m);
  });

  test('one whose photos influence each other is refused, naming the node', async () => {
    const bytes = changed((model) => ({
      ...model,
      constants: new Map([...model.constants, ['first', { type: 'int64', shape: [1], data: BigInt64Array.of(0n) }]]),
      nodes: [
        plain('ReduceSum', ['canvas', 'first'], 'all photos'),
        plain('Add', ['canvas', 'all photos'], 'mixed'),
        ...model.nodes.map((node) => ({
          ...node,
          inputs: node.inputs.map((name) => (name === 'canvas' ? 'mixed' : name)),
        })),
      ],
    }));
    writeFileSync(at('mixed.onnx'), bytes);
    const { code, stderr } = await atlas(['gradients', 'check', at('mixed.onnx')]);
    expect(stderr).toMatch(/no gradient of a single photo.*influence each other at the ReduceSum node "all photos"/);
    expect(code).toBe(2);
  });
});

const plain = (operator: string, inputs: string[], output: string): Node => ({
  ...{ operator, domain: '', name: output, inputs, outputs: [output], attributes: {} },
});

describe('atlas gradients vjp', () => {
  const images = 5;
  const cotangent = Float32Array.from({ length: images * 3 }, (_, i) => i - 7);
  const input = Float32Array.from({ length: images * tiny.length }, (_, i) => i % 251);
  const shape = [images, 3, 4, 4];
  /** The tiny model is linear: its gradient is the cotangent times the transposed weights. */
  const expected = Array.from({ length: input.length }, (_, i) => {
    const [n, pixel] = [Math.floor(i / tiny.length), i % tiny.length];
    let sum = 0;
    for (let k = 0; k < 3; k++) sum += cotangent[n * 3 + k] * tiny.weights[pixel * 3 + k];
    return sum;
  });
  const vjp = (file: string, ...more: string[]) =>
    atlas([
      'gradients',
      'vjp',
      file,
      ...['--input', at('x.npy'), '--cotangent', at('g.npy'), '--out', at('gradient.npy'), '--logits', at('y.npy')],
      ...more,
    ]);
  const batched = (batch: number) => {
    const model = readModel(tiny.bytes);
    const [canvas] = model.inputs;
    return writeModel({
      ...model,
      inputs: [{ ...canvas, shape: [batch, ...canvas.shape!.slice(1)] }],
      outputs: [{ ...model.outputs[0], shape: [batch, 3] }],
    });
  };
  beforeAll(() => {
    writeFileSync(at('x.npy'), writeNpy(input, shape));
    writeFileSync(at('g.npy'), writeNpy(cotangent, [images, 3]));
    writeFileSync(at('open.onnx'), tiny.bytes);
    writeFileSync(at('fixed1.onnx'), batched(1));
    writeFileSync(at('fixed2.onnx'), batched(2));
    writeWithExternalWeights(at('outside.onnx'), tiny.bytes);
  });

  test.each([
    ['any batch', 'open.onnx'],
    ['one image at once', 'fixed1.onnx'],
    ['two images at once, of five', 'fixed2.onnx'],
    ['weights in another file', 'outside.onnx'],
  ])('is the gradient of a model with %s', async (_what, file) => {
    const { code, stdout, stderr } = await vjp(at(file), '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ shape, seconds: expect.any(Number) });
    const gradient = readNpy(readFileSync(at('gradient.npy')));
    expect(gradient.shape).toEqual(shape);
    gradient.data.forEach((value, i) => void expect(value).toBeCloseTo(expected[i], 4));
    const logits = readNpy(readFileSync(at('y.npy')));
    expect(logits.shape).toEqual([images, 3]);
    const last = Array.from(input.subarray(4 * tiny.length)).reduce(
      (sum, x, i) => sum + (x - 127.5) * tiny.weights[i * 3],
      0,
    );
    expect(logits.data[12]).toBeCloseTo(last, 3);
  });

  test('reads float64 and whole numbers too', async () => {
    writeFileSync(at('x64.npy'), writeNpy(Float64Array.from(input), shape));
    writeFileSync(at('g8.npy'), writeNpy(Int8Array.from(cotangent), [images, 3]));
    const { code, stderr } = await vjp(at('open.onnx'), '--input', at('x64.npy'), '--cotangent', at('g8.npy'));
    expect(code, stderr).toBe(0);
    readNpy(readFileSync(at('gradient.npy'))).data.forEach(
      (value, i) => void expect(value).toBeCloseTo(expected[i], 4),
    );
  });

  test.each([
    ['a cotangent of another shape', [images, 4], 'open.onnx', /open\.onnx has \[5,3\] for this input/],
    ['a file that is none', [images, 3], 'none.onnx', /none\.onnx cannot be read/],
  ])('refuses %s, naming the model', async (_what, of, file, says) => {
    writeFileSync(at('other.npy'), writeNpy(new Float32Array(of[0] * of[1]), of));
    const { code, stderr } = await vjp(at(file), '--cotangent', at('other.npy'));
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });

  test('refuses an input that the model cannot take, naming both shapes', async () => {
    writeFileSync(at('wide.npy'), writeNpy(new Float32Array(48 * 2), [1, 3, 4, 8]));
    const { code, stderr } = await vjp(at('open.onnx'), '--input', at('wide.npy'));
    expect(stderr).toMatch(/open\.onnx and the input do not fit.*\[N,3,4,4\].*\[1,3,4,8\]/);
    expect(code).toBe(2);
  });
});
