// Graphs on the WebGPU provider and on wasm: how far apart their results are, and what left the GPU.
import type { Tensor } from '#shared/graph';
import type { BrowserRuntime, Placed } from '../support/browser-runtime.ts';
import { type Graph, graphOf, nameIn, sideBySide } from './gpu-nodes.ts';

export interface Compared {
  name: string;
  /** Of the graph's first node. */
  operator: string;
  /** The largest of its outputs. */
  difference: number;
  /** Operators of the nodes that ran on the CPU. */
  onCpu: string[];
}

const norm = ({ data }: Tensor) => Math.sqrt(Array.from(data, Number).reduce((sum, value) => sum + value ** 2, 0));

/**
 * |a - b| / |b|. Where |b| is less than a tenth of what went in, as of sums of which little is left, that tenth takes
 * its place.
 */
export function difference(a: Tensor, b: Tensor, feeds: Graph['feeds'] = {}): number {
  if (String(a.shape) !== String(b.shape) || a.type !== b.type) return Number.POSITIVE_INFINITY;
  let apart = 0;
  for (let i = 0; i < b.data.length; i++) apart += (Number(a.data[i]) - Number(b.data[i])) ** 2;
  const least = Math.max(1e-30, ...Object.values(feeds).map((tensor) => norm(tensor) / 10));
  return Math.sqrt(apart) / Math.max(norm(b), least);
}

interface Found {
  outputs: Record<string, Tensor>;
  onCpu: Placed[];
}

/**
 * Runs graphs side by side. Where the runtime writes nodes in others, which have no names, it does not say whose they
 * are: then the graphs are run apart.
 */
async function runAll(
  runtime: BrowserRuntime,
  graphs: readonly Graph[],
  provider: 'webgpu' | 'wasm',
): Promise<Found[]> {
  const all = sideBySide(graphs);
  const { outputs, onCpu } = await runtime.run(all.model, all.feeds, provider);
  const nameless = provider === 'webgpu' && onCpu.some(({ node }) => !node.includes('|'));
  if (nameless && graphs.length > 1) {
    const half = Math.ceil(graphs.length / 2);
    const parts = [graphs.slice(0, half), graphs.slice(half)];
    return [...(await runAll(runtime, parts[0], provider)), ...(await runAll(runtime, parts[1], provider))];
  }
  return graphs.map((graph, i) => ({
    outputs: Object.fromEntries(graph.model.outputs.map(({ name }) => [name, outputs[nameIn(i, name)]])),
    onCpu: nameless ? onCpu : onCpu.filter(({ node }) => graphOf(node) === i),
  }));
}

const graphsAtOnce = 64;

/** Runs each `gpu` on the GPU, and its `cpu` on wasm. */
export async function compared(
  runtime: BrowserRuntime,
  pairs: readonly { gpu: Graph; cpu: Graph }[],
): Promise<Compared[]> {
  const sets = Map.groupBy(pairs, ({ gpu, cpu }) => `${gpu.model.opset} ${cpu.model.opset}`);
  const results: Compared[] = [];
  for (const set of sets.values())
    for (let at = 0; at < set.length; at += graphsAtOnce) {
      const part = set.slice(at, at + graphsAtOnce);
      const found = await runAll(
        runtime,
        part.map(({ gpu }) => gpu),
        'webgpu',
      );
      const expected = await runAll(
        runtime,
        part.map(({ cpu }) => cpu),
        'wasm',
      );
      for (const [i, { gpu }] of part.entries()) {
        const differences = Object.entries(found[i].outputs).map(([name, tensor]) =>
          difference(tensor, expected[i].outputs[name], gpu.feeds),
        );
        const onCpu = found[i].onCpu.map(({ operator }) => operator);
        const { operator } = gpu.model.nodes[0];
        results.push({ name: gpu.name, operator, difference: Math.max(...differences), onCpu });
      }
    }
  return results;
}
