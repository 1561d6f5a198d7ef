import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { differentiate, type Model, prepare, withCrossEntropy, writeModel } from '#shared/graph';
import { float, int, ints, type Node } from '../../shared/graph/model.ts';
import { floats } from '../../shared/graph/tensor.ts';
import { starter } from './starter.ts';
import { noise, open, relativeDifference } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'atlas-gpu-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** One of everything that the WebGPU provider has no kernel for, and the windows that it computes differently. */
function tiny(): Model {
  const nodes: Node[] = [];
  const constants = new Map<string, ReturnType<typeof floats>>();
  const step = (operator: string, inputs: string[], attributes: Node['attributes'] = {}): string => {
    const output = `${operator}${nodes.length}`;
    nodes.push({ operator, domain: '', name: output, inputs, outputs: [output], attributes });
    return output;
  };
  const weights = (seed: number, ...shape: number[]): string => {
    constants.set(
      `w${seed}`,
      floats(
        noise(
          shape.reduce((size, dim) => size * dim, 1),
          seed,
        ),
        shape,
      ),
    );
    return `w${seed}`;
  };
  let x = step('Conv', ['canvas', weights(1, 8, 3, 3, 3)], { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) });
  x = step('LRN', [x], { size: int(5), alpha: float(0.5) });
  x = step('MaxPool', [x], { kernel_shape: ints([3, 3]), strides: ints([2, 2]) });
  x = step('PRelu', [x, weights(2, 8, 1, 1)]);
  const depthwise = step('Conv', [x, weights(3, 8, 1, 3, 3)], {
    group: int(8),
    strides: ints([2, 2]),
    pads: ints([1, 1, 1, 1]),
  });
  const clipped = step('Clip', [depthwise, 'low', 'high']);
  constants.set('low', floats([0], []));
  constants.set('high', floats([1], []));
  const wide = step(
    'Concat',
    [clipped, step('Selu', [depthwise]), step('Softplus', [depthwise]), step('Softsign', [depthwise])],
    { axis: int(1) },
  );
  const larger = step('Max', [wide, weights(6, 32, 1, 1)]);
  const smaller = step('Min', [larger, weights(7, 32, 1, 1)]);
  const pooled = step('Flatten', [step('AveragePool', [step('Sum', [smaller, wide])], { kernel_shape: ints([3, 3]) })]);
  step('Gemm', [pooled, weights(8, 32, 5)]);
  const [last] = nodes.at(-1)!.outputs;
  return {
    irVersion: 8, opset: 17, domains: {}, producer: 'test', name: 'test', metadata: {}, nodes, constants,
    inputs: [{ name: 'canvas', type: 'float32', shape: ['N', 3, 24, 24] }],
    outputs: [{ name: last, type: 'float32', shape: ['N', 5] }],
  }; // biome-ignore format: a model at a glance
}

/** The operators that the runtime's own documentation lists for the provider. */
const supported = new Set(
  Array.from(
    readFileSync('node_modules/onnxruntime-web/docs/webgpu-operators.md', 'utf8').matchAll(/^\| (\w+) \|/gm),
    ([, operator]) => operator,
  ),
);
// Gone before anything runs, or done without looking at elements.
for (const operator of ['Identity', 'Constant', 'Dropout']) supported.add(operator);

const gradientOf = (model: Model, profile: 'cpu' | 'gpu') =>
  differentiate(withCrossEntropy(model), { of: 'loss', wrt: 'canvas', profile });

describe('the gpu profile', () => {
  test.each(['squeezenet1_1', 'efficientnet_lite0'])('of %s has only operators with a WebGPU kernel', (id) => {
    const { model, spec } = starter(id);
    const { nodes } = gradientOf(prepare(model, { ...spec, canvas: 224 }), 'gpu');
    expect([...new Set(nodes.map(({ operator }) => operator))].filter((operator) => !supported.has(operator))).toEqual(
      [],
    );
  });

  const [n, side] = [2, 24];
  const canvas = { data: noise(n * 3 * side * side, 30), shape: [n, 3, side, side] };
  const labels = { data: BigInt64Array.of(1n, 4n), shape: [n] };

  test('of a net with one of everything computes the same gradient, without operators that have no kernel', async () => {
    const gpu = gradientOf(tiny(), 'gpu');
    expect(gpu.nodes.map(({ operator }) => operator).filter((operator) => !supported.has(operator))).toEqual([]);
    const expected = await (await open(gradientOf(tiny(), 'cpu')))({ canvas, labels });
    const found = await (await open(gpu))({ canvas, labels });
    expect(
      relativeDifference(found.logits ?? found[tiny().outputs[0].name], expected[tiny().outputs[0].name]),
    ).toBeLessThan(1e-5);
    expect(relativeDifference(found.gradient, expected.gradient)).toBeLessThan(1e-5);
  });

  // A GPU in software: slow, and real enough to run the provider. It comes with the browser of the end-to-end tests.
  test.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'runs on the WebGPU provider with the same result',
    async () => {
      const archive = brotliDecompressSync(readFileSync('node_modules/@sparticuz/chromium/bin/swiftshader.tar.br'));
      writeFileSync(join(folder, 'swiftshader.tar'), archive);
      await promisify(execFile)('tar', ['xf', 'swiftshader.tar'], { cwd: folder });
      writeFileSync(join(folder, 'gradient.onnx'), writeModel(gradientOf(tiny(), 'gpu')));
      writeFileSync(join(folder, 'canvas.bin'), new Uint8Array(canvas.data.buffer));
      await promisify(execFile)(
        process.execPath,
        [fileURLToPath(new URL('./run-on-webgpu.ts', import.meta.url)), folder, ...canvas.shape.map(String)],
        { env: { ...process.env, LD_LIBRARY_PATH: folder, VK_DRIVER_FILES: join(folder, 'vk_swiftshader_icd.json') } },
      );
      const gradient = new Float32Array(new Uint8Array(readFileSync(join(folder, 'gradient.bin'))).buffer);
      const expected = await (await open(gradientOf(tiny(), 'cpu')))({ canvas, labels });
      expect(relativeDifference(gradient, expected.gradient)).toBeLessThan(1e-4);
    },
    60_000,
  );
});
