// What ONNX Runtime's native WebGPU provider makes of gradient graphs: not what a list says that it can do, but what it
// does, in a browser, beside wasm. Where there is no GPU SwiftShader computes: slow, and the same provider.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lowerings } from '../../shared/graph/gpu.ts';
import { ints } from '../../shared/graph/model.ts';
import { rules } from '../../shared/graph/rules/index.ts';
import { floats } from '../../shared/graph/tensor.ts';
import { openBrowserRuntime } from '../support/browser-runtime.ts';
import { type Compared, compared, difference } from './gpu-compare.ts';
import { ofRules, ofWindows, type Pair } from './gpu-graphs.ts';
import { ofForwardPasses, ofLosses, ofQuantisation, ofSurroundings, withoutGradients } from './gpu-networks.ts';
import { type Graph, runOnCpu, singleNodes } from './gpu-nodes.ts';
import { modelOf, noise } from './support.ts';

/** What is written in other operators for the provider. */
const loweredOperators = Object.keys(lowerings);

// Chromium from the npm registry has WebGPU on Linux x64; an installed Chrome may have it elsewhere.
const runtime = await openBrowserRuntime();
if (!runtime) process.stderr.write('This browser has no WebGPU: what runs on it is not tested.\n');

let pairs: Pair[] = [];
let kinds: Graph[] = [];
beforeAll(async () => {
  pairs = [...(await ofRules()), ...(await ofWindows()), ...ofLosses(), ...ofSurroundings(), ...ofForwardPasses()];
  pairs.push(ofQuantisation());
  kinds = await singleNodes([...pairs.map(({ gpu }) => gpu), ...withoutGradients]);
});
afterAll(() => runtime?.close());

const asItIs = (graph: Graph) => ({ gpu: graph, cpu: graph });
/** Which of the largest comes first is not defined where the order is not asked for. */
const isOrdered = ({ name }: Graph) => !/^TopK.*sorted=0|^TopK 2/.test(name);
/** What float32 explains; but WGSL allows sines an error of 2^-11, of which SwiftShader needs a tenth. */
const allowed = (name: string) => (/^(Sin|Cos)\b/.test(name) ? 5e-4 : 1e-5);
const apart = (found: Compared[]) => found.filter(({ name, difference: far }) => !(far <= allowed(name)));

/** Without kernels: what computes shapes and positions, what hardly any network has, and quantised activations. */
const leftToTheCpu = ['IsNaN', 'NonZero', 'QuantizeLinear', 'Size', 'Xor'];
/** Whole numbers of shapes and positions as floats. */
const isOfPositions = (name: string) => /^Cast to=1 \(int64/.test(name);

describe.runIf(runtime)('on the WebGPU provider', () => {
  test('every kind of node runs on the GPU, with the results of wasm', { timeout: 120_000 }, async () => {
    const found = await compared(runtime!, kinds.filter(isOrdered).map(asItIs));
    expect(apart(found)).toEqual([]);
    const onCpu = found.filter((kind) => kind.onCpu.length > 0 && !isOfPositions(kind.name));
    expect([...new Set(onCpu.map(({ operator }) => operator))].sort()).toEqual(leftToTheCpu);
  });

  test('every gradient is that of the graph for CPUs, and nothing leaves the GPU', { timeout: 120_000 }, async () => {
    // Those of newer sets are the same graphs, of nodes that were tried above.
    const tried = pairs.filter(({ gpu, cpu }) => isOrdered(gpu) && cpu.model.opset < 24);
    const found = await compared(runtime!, tried);
    expect(apart(found)).toEqual([]);
    const onCpu = found.filter((pair) => pair.onCpu.length > 0);
    expect(onCpu.map(({ name, onCpu: some }) => [name, some])).toEqual([['quantisation', ['QuantizeLinear']]]);
  });

  test('what is written in other operators has no kernel, or one that is wrong', async () => {
    const known = new Set<string>();
    for (const kind of await singleNodes(pairs.map(({ cpu }) => cpu))) {
      const { operator } = kind.model.nodes[0];
      if (!loweredOperators.includes(operator) || known.has(operator)) continue;
      // Some have no kernel on wasm either, and no session.
      const found = await compared(runtime!, [asItIs(kind)]).catch(() => undefined);
      if (!found || found[0].onCpu.length > 0 || found[0].difference > 0.01) known.add(operator);
    }
    // Or it would keep its graph in a set in which others have no kernel.
    known.add('RMSNormalization');
    expect([...known].sort()).toEqual([...loweredOperators].filter((operator) => !gone.includes(operator)).sort());
  });

  test('newer operator sets are not served wholly', async () => {
    const all = await singleNodes(pairs.flatMap(({ cpu }) => (cpu.model.opset === 24 ? [cpu] : [])));
    const some = ['MaxPool', 'ConvTranspose', 'Flatten', 'Pad', 'GridSample'];
    const found = await compared(
      runtime!,
      all.filter(({ model }) => some.includes(model.nodes[0].operator)).map(asItIs),
    );
    expect(new Set(found.filter(({ onCpu }) => onCpu.length > 0).map(({ operator }) => operator))).toEqual(
      new Set(some),
    );
  });

  test('volumes have no transposed convolution, and the runtime says so', async () => {
    const x = { shape: [1, 2, 4, 4, 4], data: noise(128, 3) };
    const constants = [floats(noise(32, 4), [2, 2, 2, 2, 2])];
    const model = modelOf({ operator: 'ConvTranspose', x, constants, attributes: { strides: ints([2, 2, 2]) } });
    const run = runtime!.run(model, { x: { type: 'float32', ...x } }, 'webgpu');
    await expect(run).rejects.toThrow(/Only Conv2d or Conv1d are supported/);
  });
});

/** Lowered where networks have them, which no graph for a CPU here has. */
const gone = ['Sign', 'Or'];

/** Operators that files of shared/graph write. */
function writtenOperators(): Set<string> {
  const folder = fileURLToPath(new URL('../../shared/graph/', import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const calls = files.flatMap((file) => [
    ...readFileSync(folder + file, 'utf8').matchAll(/(?:\badd(?:Many)?\(|\bnodeOf\(|operator:)\s*'([A-Z]\w+)'/g),
  ]);
  return new Set(calls.map(([, operator]) => operator));
}

test('every operator that gradient graphs can have is among them', () => {
  const tried = new Set(kinds.map(({ model }) => model.nodes[0].operator));
  const written = writtenOperators();
  expect(written.size).toBeGreaterThan(60);
  const missing = [...written, ...Object.keys(rules)].filter((operator) => !tried.has(operator));
  expect(missing.filter((operator) => !loweredOperators.includes(operator))).toEqual([]);
});

test('graphs for GPUs are right on a CPU as well', async () => {
  const wrong: string[] = [];
  for (const { gpu, cpu } of pairs) {
    const [found, expected] = [await runOnCpu(gpu), await runOnCpu(cpu)];
    for (const [name, tensor] of Object.entries(found))
      if (!(difference(tensor, expected[name], gpu.feeds) < 1e-5)) wrong.push(`${gpu.name}: ${name}`);
  }
  expect(wrong).toEqual([]);
});
