/** The forms that classifiers come in: each is prepared to the logits that the file itself gives. */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import {
  differentiate,
  inspect,
  type Model,
  type Node,
  prepare,
  readModel,
  withCotangent,
  withCrossEntropy,
  writeModel,
} from '#shared/graph';
import { type Tensor as Constant, floats, int64s } from '../../shared/graph/tensor.ts';
import { interpolationMatrix } from '../../shared/images/resample.ts';
import { dot, noise, open, relativeDifference, sizeOf } from './support.ts';

const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(`../cases/${name}.onnx`, import.meta.url)));
const caseOf = (name: string) => readModel(bytesOf(name));

/** Two canvases of whole pixel values. */
const canvasesOf = (side: number) => noise(2 * 3 * side * side, side).map((value) => Math.round(127.5 + 127.5 * value));

type Spec = Parameters<typeof prepare>[1];
type Pixels = Omit<Spec, 'canvas' | 'inputSize'>;
const colour: Pixels = {
  ...{ channelOrder: 'RGB', layout: 'NCHW', range: 1 },
  ...{ mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] },
};
const grey: Pixels = { ...colour, channels: 'grey', mean: [0.13], std: [0.31] };
const raw: Pixels = { ...colour, range: 255, mean: [0, 0, 0], std: [1, 1, 1] };

/**
 * The input of the bare model, written apart from the graph's: luma, resize, mean and std, one value at a time.
 * @returns [2,channels,height,width] or [2,height,width,channels]
 */
function inputOf(pixels: Float32Array, spec: Omit<Spec, 'canvas'>): Float32Array {
  const side = Math.sqrt(pixels.length / 6);
  const { inputSize: height, inputWidth: width = height, mean, std, range, layout } = spec;
  const [down, across] = [interpolationMatrix(side, height), interpolationMatrix(side, width)];
  const planes = mean.length;
  const result = new Float32Array(2 * planes * height * width);
  const channel = (n: number, c: number, y: number, x: number) => pixels[((n * 3 + c) * side + y) * side + x];
  const value = (n: number, c: number, y: number, x: number) =>
    planes === 3
      ? channel(n, c, y, x)
      : 0.299 * channel(n, 0, y, x) + 0.587 * channel(n, 1, y, x) + 0.114 * channel(n, 2, y, x);
  for (let n = 0; n < 2; n++) {
    for (let c = 0; c < planes; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          let sum = 0;
          for (let j = 0; j < side; j++) {
            if (down[y * side + j] === 0) continue;
            for (let i = 0; i < side; i++) sum += down[y * side + j] * across[x * side + i] * value(n, c, j, i);
          }
          const at =
            layout === 'NCHW'
              ? ((n * planes + c) * height + y) * width + x
              : ((n * height + y) * width + x) * planes + c;
          result[at] = ((sum * range) / 255 - mean[c]) / std[c];
        }
      }
    }
  }
  return result;
}

/** What the file itself gives. */
async function bare(model: Uint8Array, input: Tensor): Promise<Record<string, Float32Array>> {
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  const results = await session.run({ [session.inputNames[0]]: input });
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

async function logitsOf(prepared: Model, pixels: Float32Array): Promise<Float32Array> {
  const side = Math.sqrt(pixels.length / 6);
  return (await (await open(prepared))({ canvas: { data: pixels, shape: [2, 3, side, side] } })).logits;
}

describe('a file is prepared to its own logits', () => {
  const cases: [string, { output: string; shape: number[]; spec: Omit<Spec, 'canvas'>; canvas: number }][] = [
    ['gray', { output: 'logits', shape: [2, 1, 28, 28], spec: { ...grey, inputSize: 28 }, canvas: 28 }],
    ['gray', { output: 'logits', shape: [2, 1, 28, 28], spec: { ...grey, inputSize: 28 }, canvas: 40 }],
    [
      'nonsquare',
      { output: 'logits', shape: [2, 3, 128, 64], spec: { ...colour, inputSize: 128, inputWidth: 64 }, canvas: 96 },
    ],
    [
      'nhwc-N11K',
      { output: 'logits', shape: [2, 32, 32, 3], spec: { ...colour, layout: 'NHWC', inputSize: 32 }, canvas: 32 },
    ],
    ['dynamic-all', { output: 'logits', shape: [2, 3, 32, 32], spec: { ...colour, inputSize: 32 }, canvas: 32 }],
    ['dynamic-all', { output: 'logits', shape: [2, 3, 48, 48], spec: { ...colour, inputSize: 48 }, canvas: 40 }],
    [
      'age-gender',
      { output: 'gender', shape: [2, 3, 32, 32], spec: { ...colour, inputSize: 32, classes: 4 }, canvas: 32 },
    ],
    [
      'age-gender',
      { output: 'gender', shape: [2, 3, 32, 32], spec: { ...colour, inputSize: 32, output: 'gender' }, canvas: 32 },
    ],
  ];
  test.each(cases)('%s', async (name, { output, shape, spec, canvas }) => {
    const pixels = canvasesOf(canvas);
    const original = await bare(bytesOf(name), new Tensor('float32', inputOf(pixels, spec), shape));
    const logits = await logitsOf(prepare(caseOf(name), { ...spec, canvas }), pixels);
    expect(logits.length).toBe(8);
    expect(relativeDifference(logits, original[output])).toBeLessThan(1e-5);
  });

  test('uint8-nhwc, whose Cast takes floats', async () => {
    const pixels = canvasesOf(32);
    const spec = { ...raw, layout: 'NHWC', inputSize: 32 } as const;
    const input = new Tensor('uint8', Uint8Array.from(inputOf(pixels, spec)), [2, 32, 32, 3]);
    const { logits: original } = await bare(bytesOf('uint8-nhwc'), input);
    const prepared = prepare(caseOf('uint8-nhwc'), { ...spec, canvas: 32 });
    expect(relativeDifference(await logitsOf(prepared, pixels), original)).toBeLessThan(1e-5);
    // A tenth of a grey level more: a byte would not change, and the logits do.
    const between = await logitsOf(
      prepared,
      pixels.map((value) => value + 0.1),
    );
    expect(relativeDifference(between, original)).toBeGreaterThan(1e-5);
  });

  test('single-logit, as the logits 0 and z of two classes', async () => {
    const pixels = canvasesOf(32);
    const spec = { ...colour, inputSize: 32 };
    const { prob } = await bare(bytesOf('single-logit'), new Tensor('float32', inputOf(pixels, spec), [2, 3, 32, 32]));
    const prepared = prepare(caseOf('single-logit'), { ...spec, canvas: 32 });
    expect(prepared.outputs).toEqual([{ name: 'logits', type: 'float32', shape: ['N', 2] }]);
    const [zero, first, none, second] = await logitsOf(prepared, pixels);
    expect([zero, none]).toEqual([0, 0]);
    expect(first).toBeCloseTo(Math.log(prob[0] / (1 - prob[0])), 4);
    expect(second).toBeCloseTo(Math.log(prob[1] / (1 - prob[1])), 4);
    const loss = differentiate(withCrossEntropy(prepared), { of: 'loss', wrt: 'canvas' });
    const labels = { data: BigInt64Array.of(1n, 0n), shape: [2] };
    const found = await (await open(loss))({ canvas: { data: pixels, shape: [2, 3, 32, 32] }, labels });
    expect(found.loss[0]).toBeCloseTo(-Math.log(prob[0]), 4);
    expect(found.loss[1]).toBeCloseTo(-Math.log(1 - prob[1]), 4);
    expect(found.gradient.some((value) => value !== 0)).toBe(true);
  });

  test('the gradient of a grey model is shared among the colours as their luma', async () => {
    const prepared = prepare(caseOf('gray'), { ...grey, inputSize: 28, canvas: 28 });
    const pixels = canvasesOf(28);
    const run = await open(differentiate(withCotangent(prepared), { of: 'loss', wrt: 'canvas' }));
    const cotangent = { data: noise(8, 3), shape: [2, 4] };
    const { gradient } = await run({ canvas: { data: pixels, shape: [2, 3, 28, 28] }, cotangent });
    const [red, green, blue] = [0, 1, 2].map((c) => gradient.slice(c * 784, (c + 1) * 784));
    expect(red.some((value) => value !== 0)).toBe(true);
    expect(
      relativeDifference(
        green.map((value) => value / 0.587),
        red.map((value) => value / 0.299),
      ),
    ).toBeLessThan(1e-5);
    expect(
      relativeDifference(
        blue.map((value) => value / 0.114),
        red.map((value) => value / 0.299),
      ),
    ).toBeLessThan(1e-5);
  });
});

type Step = [operator: string, inputs: string[], output: string, attributes?: Node['attributes']];

function network(
  shape: (number | string)[],
  steps: Step[],
  {
    constants = {},
    outputs,
    type = 'float32',
  }: {
    constants?: Record<string, Constant>;
    outputs?: string[];
    type?: Model['inputs'][number]['type'];
  } = {},
): Model {
  return {
    irVersion: 8, opset: 17, domains: {}, producer: 'test', name: 'test', metadata: {},
    inputs: [{ name: 'x', type, shape }],
    outputs: (outputs ?? [steps.at(-1)![2]]).map((name) => ({ name, type: 'float32', shape: undefined })),
    constants: new Map(Object.entries(constants)),
    nodes: steps.map(([operator, inputs, output, attributes = {}]) => ({
      operator, domain: '', name: `${operator} ${output}`, inputs, outputs: [output], attributes,
    })),
  }; // biome-ignore format: a model at a glance
}

const weights = (shape: number[], seed = 1): Constant => floats(noise(sizeOf(shape), seed), shape);

/** Values of an image, whatever its axes, to five scores. */
const linear = (shape: (number | string)[], values: number) =>
  network(
    shape,
    [
      ['Flatten', ['x'], 'f'],
      ['MatMul', ['f', 'w'], 'scores'],
    ],
    { constants: { w: weights([values, 5]) } },
  );

describe('other inputs', () => {
  test.each<[string, Model, Omit<Spec, 'canvas'>]>([
    ['flat and grey', linear(['N', 784], 784), { ...grey, inputSize: 28 }],
    ['flat and in colour', linear(['N', 192], 192), { ...colour, inputSize: 8 }],
    ['flat, channels last', linear(['N', 192], 192), { ...colour, inputSize: 8, layout: 'NHWC' }],
    ['grey without an axis for the channel', linear(['N', 8, 8], 64), { ...grey, inputSize: 8 }],
    ['grey, channel last', linear(['N', 8, 8, 1], 64), { ...grey, inputSize: 8, layout: 'NHWC' }],
    ['grey for one image at once', linear([1, 1, 8, 8], 64), { ...grey, inputSize: 8 }],
  ])('%s, are taken', async (_what, model, spec) => {
    const side = spec.inputSize;
    expect(inspect(model, { layout: spec.layout })).toMatchObject({
      ...{ preparable: true, craftable: true, classes: 5, needs: [] },
      input: { size: side, channels: spec.mean.length },
    });
    const pixels = canvasesOf(side);
    const flat = inputOf(pixels, spec);
    const w = noise(5 * (flat.length / 2), 1);
    const expected = new Float32Array(10);
    for (let i = 0; i < flat.length; i++) {
      const place = i % (flat.length / 2);
      for (let k = 0; k < 5; k++) expected[(i === place ? 0 : 5) + k] += flat[i] * w[5 * place + k];
    }
    expect(
      relativeDifference(await logitsOf(prepare(model, { ...spec, canvas: side }), pixels), expected),
    ).toBeLessThan(1e-5);
  });

  test.each<[string, Model, RegExp]>([
    ['RGBA', linear(['N', 4, 8, 8], 256), /"x" has shape \[N,4,8,8\], which is four channels \(RGBA\)/],
    ['RGBA, channels last', linear(['N', 8, 8, 4], 256), /four channels \(RGBA\)/],
    ['six channels', linear(['N', 6, 8, 8], 384), /no axis has three channels \(RGB\) or one \(grey\)/],
    ['a flat input of no square', linear(['N', 1000], 1000), /1000 values are no square/],
    ['an image without a batch', linear([3, 8, 8], 64), /no axis for the batch/],
    ['an image without a batch, channels last', linear([8, 8, 3], 24), /no axis for the batch/],
    ['a film', linear(['N', 3, 4, 8, 8], 768), /not that of images/],
  ])('%s is refused by its name', (_what, model, says) => {
    expect(inspect(model)).toMatchObject({ preparable: false, craftable: false, reason: expect.stringMatching(says) });
  });

  test('a size that is not square is said to be none', () => {
    const said = { ...colour, inputSize: 128, canvas: 128 };
    expect(() => prepare(caseOf('nonsquare'), said)).toThrow(/128 x 64 pixels .*not 128 x 128. It is not square/);
    expect(inspect(caseOf('nonsquare')).input).toMatchObject({ size: null, height: 128, width: 64 });
  });

  test('a colour card of a grey model, and the other way round, are refused', () => {
    expect(() => prepare(caseOf('gray'), { ...colour, inputSize: 28, canvas: 28 })).toThrow(/one channel \(grey\)/);
    const greyCard = { ...grey, inputSize: 32, canvas: 32 };
    expect(() => prepare(caseOf('dynamic-all'), { ...greyCard, mean: [0, 0, 0] })).toThrow(/one number each/);
    expect(() => prepare(caseOf('age-gender'), greyCard)).toThrow(/three channels \(colour\)/);
  });
});

describe('axes that are open', () => {
  const convolution = (planes: number, last = false) =>
    network(
      ['N', 'a', 'b', 'c'],
      [
        ...(last ? [['Transpose', ['x'], 't', { perm: { kind: 'ints', value: [0, 3, 1, 2] } }] satisfies Step] : []),
        ['Conv', [last ? 't' : 'x', 'w'], 'c1'],
        ['GlobalAveragePool', ['c1'], 'p'],
        ['Flatten', ['p'], 'logits'],
      ],
      { constants: { w: weights([6, planes, 3, 3]) } },
    );

  test.each<[string, Model, object]>([
    ['colour, channels first', convolution(3), { layout: 'NCHW', channels: 3 }],
    ['colour, channels last', convolution(3, true), { layout: 'NHWC', channels: 3 }],
    ['grey, channels first', convolution(1), { layout: 'NCHW', channels: 1 }],
    ['grey, channels last', convolution(1, true), { layout: 'NHWC', channels: 1 }],
  ])('are found by what the model does: %s', (_what, model, input) => {
    const open = inspect(model);
    expect(open).toMatchObject({ differentiable: true, craftable: true, needs: ['size'], missing: [] });
    expect(open.input).toMatchObject({ ...input, size: null });
    expect(inspect(model, { inputSize: 40 })).toMatchObject({ differentiable: true, needs: [], input: { size: 40 } });
  });

  test('four channels are named there too', () => {
    expect(inspect(convolution(4))).toMatchObject({ craftable: false, reason: expect.stringMatching(/RGBA/) });
  });

  test('a reason that comes of the size that was tried says so', () => {
    const model = network(
      ['N', 3, 'h', 'w'],
      [
        ['Flatten', ['x'], 'f'],
        ['MatMul', ['f', 'w'], 'scores'],
      ],
      {
        constants: { w: weights([192, 5]) },
      },
    );
    const found = inspect(model);
    expect(found.craftable).toBe(false);
    expect(found.craftReason).toMatch(/224 pixels were tried \(another size may be said\)/);
    expect(inspect(model, { inputSize: 8 })).toMatchObject({ differentiable: true, craftable: true });
  });
});

describe('whole numbers', () => {
  const whole = (steps: Step[], constants: Record<string, Constant> = {}) =>
    network(['N', 8, 8, 3], [...steps, ['Flatten', ['y'], 'f'], ['MatMul', ['f', 'w'], 'scores']], {
      ...{ type: 'uint8', constants: { w: weights([192, 5]), ...constants } },
    });
  const to = (value: number) => ({ to: { kind: 'int' as const, value } });
  const half: Constant = floats([0.5], []);
  const zero: Constant = { type: 'uint8', shape: [], data: Uint8Array.of(100) };

  test.each<[string, Model]>([
    [
      'are moved, and made integers, before they become floats',
      whole([
        ['Transpose', ['x'], 't', { perm: { kind: 'ints', value: [0, 3, 1, 2] } }],
        ['Cast', ['t'], 'i', to(6)],
        ['Cast', ['i'], 'y', to(1)],
      ]),
    ],
    ['are dequantised', whole([['DequantizeLinear', ['x', 'half', 'zero'], 'y']], { half, zero })],
  ])('%s', async (_what, model) => {
    expect(inspect(model)).toMatchObject({
      differentiable: true,
      preparable: true,
      craftable: true,
      input: { type: 'uint8' },
    });
    const spec = { ...raw, layout: 'NHWC', inputSize: 8 } as const;
    const pixels = canvasesOf(8);
    const input = new Tensor('uint8', Uint8Array.from(inputOf(pixels, spec)), [2, 8, 8, 3]);
    const { scores } = await bare(writeModel(model), input);
    expect(relativeDifference(await logitsOf(prepare(model, { ...spec, canvas: 8 }), pixels), scores)).toBeLessThan(
      1e-5,
    );
  });

  test('are in the way where a node computes with them, and inspect says nothing else', () => {
    const model = whole(
      [
        ['BitShift', ['x', 'one'], 's', { direction: { kind: 'string', value: 'RIGHT' } }],
        ['Cast', ['s'], 'y', to(1)],
      ],
      {
        one: { type: 'uint8', shape: [], data: Uint8Array.of(1) },
      },
    );
    expect(inspect(model)).toMatchObject({
      ...{ differentiable: false, preparable: false, craftable: false },
      gradientReason: expect.stringMatching(/"x" is uint8, and the BitShift node "BitShift s"/),
      missing: [{ operator: 'BitShift', node: 'BitShift s' }],
    });
  });

  test('have no other mean than 0', () => {
    const said = { ...colour, layout: 'NHWC', inputSize: 32, canvas: 32 } as const;
    expect(() => prepare(caseOf('uint8-nhwc'), said)).toThrow(/uint8.*range is 255, its mean 0 and its std 1/);
  });
});

describe('several outputs', () => {
  test('that nothing tells apart are listed, and what inspect refuses is what prepare refuses', () => {
    const says = /age \[N,1\], gender \[N,4\].*the output, by its name/;
    expect(inspect(caseOf('age-gender'))).toMatchObject({
      preparable: false,
      classes: null,
      reason: expect.stringMatching(says),
    });
    expect(() => prepare(caseOf('age-gender'), { ...colour, inputSize: 32, canvas: 32 })).toThrow(says);
    expect(inspect(caseOf('age-gender'), { output: 'age' })).toMatchObject({ craftable: true, classes: 2 });
    expect(inspect(caseOf('age-gender'), { classes: 4 })).toMatchObject({
      craftable: true,
      output: { name: 'gender' },
    });
    for (const [said, why] of [
      [{ output: 'sex' }, /no output "sex".*age/],
      [{ classes: 7 }, /7 classes: age/],
    ] as const)
      expect(inspect(caseOf('age-gender'), said).reason).toMatch(why);
  });

  test('of which one is the Softmax of the other are the same scores', () => {
    const model = network(
      ['N', 3, 8, 8],
      [
        ['Flatten', ['x'], 'f'],
        ['MatMul', ['f', 'w'], 'scores'],
        ['Softmax', ['scores'], 'shares', { axis: { kind: 'int', value: 1 } }],
      ],
      { constants: { w: weights([192, 5]) }, outputs: ['shares', 'scores'] },
    );
    expect(inspect(model)).toMatchObject({ craftable: true, classes: 5 });
  });

  test('a list of images of one score each, without an axis for it, is two classes', async () => {
    const model = network(
      ['N', 3, 8, 8],
      [
        ['Flatten', ['x'], 'f'],
        ['MatMul', ['f', 'w'], 'scores'],
        ['Squeeze', ['scores', 'last'], 'z'],
      ],
      { constants: { w: weights([192, 1]), last: int64s([1]) } },
    );
    const spec = { ...colour, inputSize: 8 };
    const pixels = canvasesOf(8);
    const { z } = await bare(writeModel(model), new Tensor('float32', inputOf(pixels, spec), [2, 3, 8, 8]));
    const logits = await logitsOf(prepare(model, { ...spec, canvas: 8 }), pixels);
    expect(relativeDifference(logits, Float32Array.of(0, z[0], 0, z[1]))).toBeLessThan(1e-5);
  });
});

describe('weights that are filled with one value', () => {
  const light = (rows: number, columns: number) =>
    network(
      ['N', 3, 8, 8],
      [
        ['Flatten', ['x'], 'f'],
        ['MatMul', ['f', 'first'], 'm'],
        ['ConstantOfShape', ['shape'], 'filled', { value: { kind: 'tensor', value: floats([0.001]) } }],
        ['MatMul', ['m', 'filled'], 'wide'],
        ['MatMul', ['wide', 'last'], 'scores'],
      ],
      { constants: { first: weights([192, rows]), shape: int64s([rows, columns]), last: weights([columns, 5], 2) } },
    );

  test('are left to the runtime where they are large, with their shape known', async () => {
    const model = light(4096, 4096);
    expect(inspect(model)).toMatchObject({ preparable: true, differentiable: true, craftable: true, classes: 5 });
    const prepared = prepare(model, { ...colour, inputSize: 8, canvas: 8 });
    expect(prepared.nodes.map(({ operator }) => operator)).toContain('ConstantOfShape');
    const spec = { ...colour, inputSize: 8 };
    const pixels = canvasesOf(8);
    const { scores } = await bare(writeModel(model), new Tensor('float32', inputOf(pixels, spec), [2, 3, 8, 8]));
    expect(relativeDifference(await logitsOf(prepared, pixels), scores)).toBeLessThan(1e-4);
  });

  test('beyond 2^26 elements keep their shape too', () => {
    expect(inspect(light(8192, 16_384))).toMatchObject({ preparable: true, differentiable: true, craftable: true });
  });

  test('of a convolution do not stand in the way of its gradient', async () => {
    const value = { value: { kind: 'tensor' as const, value: floats([0.01]) } };
    const model = network(
      ['N', 3, 8, 8],
      [
        ['Conv', ['x', 'first'], 'c1', { pads: { kind: 'ints', value: [1, 1, 1, 1] } }],
        ['ConstantOfShape', ['shape'], 'filled', value],
        ['Conv', ['c1', 'filled'], 'c2'],
        ['GlobalAveragePool', ['c2'], 'p'],
        ['Flatten', ['p'], 'scores'],
      ],
      { constants: { first: weights([256, 3, 3, 3]), shape: int64s([256, 256, 3, 3]) } },
    );
    expect(inspect(model)).toMatchObject({ craftable: true, classes: 256 });
    const prepared = prepare(model, { ...raw, inputSize: 8, canvas: 8 });
    expect(prepared.nodes.map(({ operator }) => operator)).toContain('ConstantOfShape');
    const run = await open(differentiate(withCotangent(prepared), { of: 'loss', wrt: 'canvas' }));
    const [pixels, cotangent] = [canvasesOf(8), { data: noise(512, 4), shape: [2, 256] }];
    const at = async (data: Float32Array) => run({ canvas: { data, shape: [2, 3, 8, 8] }, cotangent });
    const { gradient, logits } = await at(pixels);
    // The model is linear: a step changes the loss by exactly what the gradient says.
    const step = noise(pixels.length, 5);
    const moved = await at(pixels.map((value, i) => value + step[i]));
    const change = moved.logits.reduce((sum, value, i) => sum + (value - logits[i]) * cotangent.data[i], 0);
    expect(change / dot(gradient, step)).toBeCloseTo(1, 3);
  });

  test('are computed where they are small, as ever', () => {
    const prepared = prepare(light(16, 16), { ...colour, inputSize: 8, canvas: 8 });
    expect(prepared.nodes.map(({ operator }) => operator)).not.toContain('ConstantOfShape');
  });

  test('are refused where all together are more than a machine holds', () => {
    const count = 9;
    const model = network(
      ['N', 3, 8, 8],
      [
        ...Array.from({ length: count }, (_, i): Step => ['ConstantOfShape', ['shape'], `c${i}`]),
        ['Flatten', ['x'], 'f'],
        ...Array.from({ length: count }, (_, i): Step => ['MatMul', [i === 0 ? 'f' : `m${i - 1}`, `c${i}`], `m${i}`]),
      ],
      { constants: { shape: int64s([2 ** 14, 2 ** 13]) } },
    );
    expect(() => inspect(model)).toThrow(/fill more than 1.1 billion numbers with one value/);
  });
});
