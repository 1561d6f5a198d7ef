// Gradients of whole networks on ONNX Runtime's WebGPU provider, in a browser, beside wasm.
import { afterAll, describe, expect, test } from 'vitest';
import { type Dim, type Model, prepare, withInputShape } from '#shared/graph';
import { openBrowserRuntime } from '../support/browser-runtime.ts';
import { difference } from './gpu-compare.ts';
import { pairOf } from './gpu-graphs.ts';
import { canvasesOf, losses } from './gpu-networks.ts';
import { starter } from './starter.ts';

const runtime = await openBrowserRuntime();
afterAll(() => runtime?.close());

/** The side of pictures: SwiftShader takes ten seconds for one of the size that these networks were trained on. */
const side = Number(process.env.ATLAS_WEBGPU_SIDE ?? 64);

/** A network of the starter that takes smaller pictures than it was made for. */
function smaller(id: string): Model {
  const { model, spec } = starter(id);
  const shape: Dim[] = ['N', 3, side, side];
  const free = { ...model, inputs: [{ ...model.inputs[0], shape }] };
  return prepare(withInputShape(free, shape), { ...spec, inputSize: side, canvas: 32 });
}

const tried = [
  ...['cross-entropy', 'margin', 'cosine', 'weighted logits'].map((kind) => ['squeezenet1_1', kind]),
  ...['cross-entropy', 'cosine'].map((kind) => ['efficientnet_lite0', kind]),
];

describe.runIf(runtime)('on the WebGPU provider', () => {
  test.each(tried)('the gradient of %s, %s, is that of wasm', { timeout: 120_000 }, async (id, kind) => {
    const [, loss, more] = losses(smaller(id), 1000).find(([name]) => name === kind)!;
    const { gpu, cpu } = pairOf(id, loss, { ...more, canvas: canvasesOf(32) }, 'loss', 'canvas');
    const found = await runtime!.run(gpu.model, gpu.feeds, 'webgpu');
    const expected = await runtime!.run(cpu.model, cpu.feeds, 'wasm');
    // The runtime computes shapes on the CPU, with nodes of its own making; none of the graph's leaves the GPU.
    const own = new Set(gpu.model.nodes.map(({ name }) => name));
    expect(found.onCpu.filter(({ node, operator }) => own.has(node) || operator !== 'Gather')).toEqual([]);
    expect(difference(found.outputs.logits, expected.outputs.logits)).toBeLessThan(1e-5);
    // Where a Relu's input is next to 0, the two may fall on different sides of its kink.
    expect(difference(found.outputs.gradient, expected.outputs.gradient)).toBeLessThan(2e-3);
  });
});
