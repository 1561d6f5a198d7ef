// ONNX graphs in a real browser: onnxruntime-web on its native WebGPU provider, and on wasm beside it.
import { createReadStream } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { type Model, type Tensor, writeModel } from '#shared/graph';
import { nodeOf } from '../../shared/graph/model.ts';
import { fromBytes, type NumericType } from '../../shared/graph/tensor.ts';
import { launchBrowser } from './browser.ts';

/** A node, and where the runtime put it when the session was opened. */
export interface Placed {
  operator: string;
  node: string;
}

export interface Run {
  outputs: Record<string, Tensor>;
  onGpu: Placed[];
  /** Nodes without a kernel of the GPU provider, and those that the runtime thinks cheaper on the CPU. */
  onCpu: Placed[];
}

const runtime = fileURLToPath(new URL('../../node_modules/onnxruntime-web/dist/', import.meta.url));

/** A page with the runtime, which may have threads. */
const page = (build: string) => `<!doctype html><title>graphs</title><script type="module">
import * as ort from '/ort/ort.${build}.min.mjs';
ort.env.wasm.wasmPaths = '/ort/';
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'verbose';
globalThis.ort = ort;
</script>`;

/** The page, the runtime's files below /ort/, and the graphs below /graphs/. */
function serve(build: string, graphs: ReadonlyMap<string, Uint8Array>): Promise<Server> {
  const isolated = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
  const server = createServer(({ url = '/' }, response) => {
    const file = /^\/ort\/([\w.-]+\.(mjs|wasm))$/.exec(url);
    const type = file?.[2] === 'mjs' ? 'text/javascript' : file ? 'application/wasm' : 'text/html';
    response.writeHead(200, { ...isolated, 'content-type': type });
    if (file)
      createReadStream(runtime + file[1])
        .on('error', () => response.destroy())
        .pipe(response);
    else response.end(graphs.get(url) ?? page(build));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** A tensor as it travels to the page and back. */
interface Carried {
  type: NumericType;
  shape: number[];
  base64: string;
}

const carried = ({ type, shape, data }: Tensor): Carried => ({
  type: type as NumericType,
  shape,
  base64: Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength).toString('base64'),
});

interface Order {
  graph: string;
  provider: 'webgpu' | 'wasm';
  feeds: Record<string, Carried>;
}

/** Runs in the page: opens a session, runs it once, and closes it. */
async function runInPage({ graph, provider, feeds }: Order): Promise<Record<string, Carried>> {
  const { ort } = globalThis as unknown as { ort: typeof import('onnxruntime-web') };
  const response = await fetch(graph);
  const session = await ort.InferenceSession.create(new Uint8Array(await response.arrayBuffer()), {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
    logSeverityLevel: 0,
  });
  try {
    const arrays = {
      ...{ float32: Float32Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array, int16: Int16Array },
      ...{ uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array },
      bool: Uint8Array,
    };
    const inputs = Object.entries(feeds).map(([name, { type, shape, base64 }]) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      return [name, new ort.Tensor(type as 'float32', new arrays[type](bytes.buffer) as Float32Array, shape)];
    });
    const results = await session.run(Object.fromEntries(inputs));
    const outputs = Object.entries(results).map(([name, { type, dims, data }]) => {
      const { buffer, byteOffset, byteLength } = data as Float32Array<ArrayBuffer>;
      let chars = '';
      for (let at = 0; at < byteLength; at += 8192)
        chars += String.fromCharCode(...new Uint8Array(buffer, byteOffset + at, Math.min(8192, byteLength - at)));
      return [name, { type: type as NumericType, shape: [...dims], base64: btoa(chars) }] satisfies [string, Carried];
    });
    return Object.fromEntries(outputs);
  } finally {
    await session.release();
  }
}

/** What the runtime says of one session's nodes, in its own words. */
function placements(log: readonly string[], nodes: Model['nodes']): Pick<Run, 'onGpu' | 'onCpu'> {
  const found: Record<string, Placed[]> = {};
  let provider = '';
  for (const line of log) {
    const [, said] = /VerifyEachNodeIsAssignedToAnEp\] (.*)/.exec(line) ?? [];
    if (said === undefined) continue;
    const all = /All nodes placed on \[(\w+)\]/.exec(said);
    // Then they are not listed: what the optimiser added or fused is not known by name.
    if (all) found[all[1]] = nodes.map(({ operator, name }) => ({ operator, node: name }));
    provider = /Node\(s\) placed on \[(\w+)\]/.exec(said)?.[1] ?? provider;
    const [, operator, node] = /^ {2}(\S+) \((.*)\)$/.exec(said) ?? [];
    if (operator && !operator.startsWith('Memcpy')) {
      found[provider] ??= [];
      found[provider].push({ operator, node });
    }
  }
  return { onGpu: found.WebGpuExecutionProvider ?? [], onCpu: found.CPUExecutionProvider ?? [] };
}

export class BrowserRuntime {
  readonly #page: Page;
  readonly #graphs: Map<string, Uint8Array>;
  readonly #end: () => Promise<void>;
  #log: string[] = [];
  #count = 0;

  constructor(page: Page, graphs: Map<string, Uint8Array>, end: () => Promise<void>) {
    this.#page = page;
    this.#graphs = graphs;
    this.#end = end;
    page.on('console', (message) => this.#log.push(message.text()));
  }

  /** Runs a model once. @throws Error in the runtime's words, where it cannot. */
  async run(model: Model, feeds: Record<string, Tensor>, provider: 'webgpu' | 'wasm'): Promise<Run> {
    const graph = `/graphs/${this.#count++}`;
    this.#graphs.set(graph, writeModel(model));
    this.#log = [];
    try {
      const inputs = Object.entries(feeds).map(([name, tensor]) => [name, carried(tensor)]);
      const results = await this.#page.evaluate(runInPage, { graph, provider, feeds: Object.fromEntries(inputs) });
      const outputs = Object.entries(results).map(([name, { type, shape, base64 }]) => [
        name,
        { type, shape, data: fromBytes(type, Buffer.from(base64, 'base64')) } satisfies Tensor,
      ]);
      return { outputs: Object.fromEntries(outputs), ...placements(this.#log, model.nodes) };
    } finally {
      this.#graphs.delete(graph);
    }
  }

  close(): Promise<void> {
    return this.#end();
  }
}

/**
 * Opens a browser whose WebGPU is computed by SwiftShader, and in it onnxruntime-web.
 *
 * @param build `jspi` or `webgpu` (asyncify): the builds that have the native WebGPU provider
 * @returns null where the browser has no WebGPU
 */
export async function openBrowserRuntime(build: 'jspi' | 'webgpu' = 'jspi'): Promise<BrowserRuntime | null> {
  const graphs = new Map<string, Uint8Array>();
  const server = await serve(build, graphs);
  const browser = await launchBrowser({ webgpu: true });
  const end = async () => {
    await browser.close();
    server.close();
  };
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const hasAdapter = await page.evaluate(async () => {
    const { gpu } = navigator as unknown as { gpu?: { requestAdapter(): Promise<object | null> } };
    return Boolean(await gpu?.requestAdapter());
  });
  if (!hasAdapter) {
    await end();
    return null;
  }
  graphs.set('/graphs/kept', writeModel(kept));
  await page.evaluate(async () => {
    const { ort } = globalThis as unknown as { ort: typeof import('onnxruntime-web') };
    await ort.InferenceSession.create('/graphs/kept', { executionProviders: ['webgpu'] });
  });
  return new BrowserRuntime(page, graphs, end);
}

/**
 * A session that stays open: with the last one the runtime lets its device go, and the shaders that it has compiled.
 */
const kept: Model = {
  ...{ irVersion: 8, opset: 17, domains: {}, producer: 'test', name: 'kept', metadata: {}, constants: new Map() },
  inputs: [{ name: 'x', type: 'float32', shape: [1] }],
  outputs: [{ name: 'y', type: 'float32', shape: [1] }],
  nodes: [nodeOf('Relu', ['x'], 'y')],
};
