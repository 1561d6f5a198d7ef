/** One job on a session, whatever runtime that is of. */
import { writeCanvas } from './canvases.ts';
import type { Item, Job, JobResult, Table } from './jobs.ts';
import type { Compute } from './tasks.ts';

/** An input of a graph, for a runtime to make its own tensor of. */
export interface Feed {
  type: 'float32' | 'int32' | 'int64';
  data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;
  dims: number[];
}

/** Runs a graph, and gives the named outputs: float32, copied out of the runtime's memory. */
export type RunGraph = (
  feeds: Record<string, Feed>,
  outputs: readonly string[],
) => Promise<Record<string, Float32Array<ArrayBuffer>>>;

const vector = (data: Float32Array, dims: number[]): Feed => ({ type: 'float32', data: new Float32Array(data), dims });

/**
 * Does jobs one after another. It keeps the memory of the model's input between them, since most have the same size.
 *
 * @param profile that gradient graphs were made for (`differentiate`): those for a GPU take integers as int32
 */
export function jobDoer(profile: Compute['profile'] = 'cpu'): (job: Job, run: RunGraph) => Promise<JobResult> {
  let input = new Float32Array(0);
  return async (job, run) => {
    const { size, pixels } = job.photos;
    const length = 3 * size * size;
    const count = job.items.length;
    if (input.length !== count * length) input = new Float32Array(count * length);
    job.items.forEach((item, i) => {
      writeCanvas(pixels, item, size, job.perturbation, job.rule, input, i * length);
    });
    const feeds: Record<string, Feed> = { canvas: { type: 'float32', data: input, dims: [count, 3, size, size] } };
    for (const [name, table] of Object.entries(job.tables)) feeds[name] = rowsOf(table, job, profile);
    for (const [name, data] of Object.entries(job.constants)) feeds[name] = vector(data, [data.length]);
    if (job.cotangents) {
      const { data, width } = job.cotangents;
      feeds.cotangent = vector(data, [data.length / width, width]);
    }
    const beside = job.beside ? [job.beside] : [];
    const outputs = await run(feeds, job.gradient ? ['logits', 'loss', 'gradient'] : ['logits', ...beside]);
    const none = new Float32Array(0);
    const { logits, loss = none, gradient = none } = outputs;
    return {
      logits,
      beside: job.beside ? outputs[job.beside] : none,
      losses: loss,
      gradient: job.cotangents || !job.gradient ? gradient : weightedSum(gradient, job.items, length),
    };
  };
}

function rowsOf(table: Table, job: Job, profile: Compute['profile']): Feed {
  const { data, width } = table;
  const count = job.items.length;
  const row = (item: number) => (job.items[item].row ?? 0) * width;
  const dims = width === 1 && data instanceof Int32Array ? [count] : [count, width];
  if (data instanceof Int32Array) {
    const values = new Int32Array(count * width);
    for (let i = 0; i < count; i++) values.set(data.subarray(row(i), row(i) + width), i * width);
    return profile === 'gpu'
      ? { type: 'int32', data: values, dims }
      : { type: 'int64', data: BigInt64Array.from(values, BigInt), dims };
  }
  const values = new Float32Array(count * width);
  for (let i = 0; i < count; i++) values.set(data.subarray(row(i), row(i) + width), i * width);
  return { type: 'float32', data: values, dims };
}

function weightedSum(gradients: Float32Array, items: Item[], length: number): Float32Array<ArrayBuffer> {
  const sum = new Float32Array(length);
  items.forEach(({ weight = 1 }, i) => {
    const offset = i * length;
    for (let j = 0; j < length; j++) sum[j] += weight * gradients[offset + j];
  });
  return sum;
}
