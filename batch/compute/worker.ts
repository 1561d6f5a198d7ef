// The thread: builds its own inputs from the shared photos, runs onnxruntime, and sends back one small sum. It decides
// nothing.
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { writeCanvas } from './canvases.ts';
import type { Item, Job, JobResult, Program, Reply, Request, Table, WorkerSettings } from './protocol.ts';

const settings = workerData as WorkerSettings;
const port = parentPort;
if (!port) throw new Error('batch/compute/worker.ts is the entry of a worker thread and cannot be run by itself.');

const sessions = new Map<string, InferenceSession>();

async function release(key: string): Promise<void> {
  const session = sessions.get(key);
  sessions.delete(key);
  await session?.release();
}

async function open(program: Program): Promise<InferenceSession> {
  const known = sessions.get(program.key);
  if (known) {
    sessions.delete(program.key);
    sessions.set(program.key, known);
    return known;
  }
  // The map is in order of last use. Let the oldest go first, so that there is never one session too many in memory.
  while (sessions.size >= settings.sessions) await release(sessions.keys().next().value as string);
  // onnxruntime-node refuses a SharedArrayBuffer, so the bytes are copied.
  const session = await InferenceSession.create(new Uint8Array(program.bytes), {
    executionProviders: [settings.provider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
    logSeverityLevel: 3,
    // int8 weights are widened once, when the session opens, instead of in every run: twice as fast for the
    // EfficientNets.
    extra: { session: { disable_quant_qdq: '1', intra_op: { allow_spinning: '0' } } },
  });
  sessions.set(program.key, session);
  return session;
}

function rowsOf(table: Table, job: Job): Tensor {
  const { data, width } = table;
  const count = job.items.length;
  const row = (item: number) => (job.items[item].row ?? 0) * width;
  const dims = width === 1 && data instanceof Int32Array ? [count] : [count, width];
  if (data instanceof Int32Array) {
    const values = new BigInt64Array(count * width);
    for (let i = 0; i < count; i++) for (let k = 0; k < width; k++) values[i * width + k] = BigInt(data[row(i) + k]);
    return new Tensor('int64', values, dims);
  }
  const values = new Float32Array(count * width);
  for (let i = 0; i < count; i++) values.set(data.subarray(row(i), row(i) + width), i * width);
  return new Tensor('float32', values, dims);
}

function weightedSum(gradients: Float32Array, items: Item[], length: number): Float32Array {
  const sum = new Float32Array(length);
  items.forEach(({ weight = 1 }, i) => {
    const offset = i * length;
    for (let j = 0; j < length; j++) sum[j] += weight * gradients[offset + j];
  });
  return sum;
}

let input = new Float32Array(0);

async function run(job: Job): Promise<JobResult> {
  const session = await open(job.program);
  const { size, pixels } = job.photos;
  const length = 3 * size * size;
  const count = job.items.length;
  if (input.length !== count * length) input = new Float32Array(count * length);
  job.items.forEach((item, i) => {
    writeCanvas(pixels, item, size, job.perturbation, job.rule, input, i * length);
  });
  const feeds: Record<string, Tensor> = { canvas: new Tensor('float32', input, [count, 3, size, size]) };
  for (const [name, table] of Object.entries(job.tables)) feeds[name] = rowsOf(table, job);
  for (const [name, vector] of Object.entries(job.constants)) {
    feeds[name] = new Tensor('float32', new Float32Array(vector), [vector.length]);
  }
  if (job.cotangents) {
    const { data, width } = job.cotangents;
    feeds.cotangent = new Tensor('float32', new Float32Array(data), [data.length / width, width]);
  }
  const beside = job.beside ? [job.beside] : [];
  const outputs = await session.run(feeds, job.gradient ? ['logits', 'loss', 'gradient'] : ['logits', ...beside]);
  const result: JobResult = {
    logits: new Float32Array(outputs.logits.data as Float32Array),
    beside: new Float32Array(job.beside ? (outputs[job.beside].data as Float32Array) : []),
    losses: new Float32Array(0),
    gradient: new Float32Array(0),
  };
  if (job.gradient) {
    result.losses = new Float32Array(outputs.loss.data as Float32Array);
    const all = outputs.gradient.data as Float32Array;
    result.gradient = job.cotangents ? new Float32Array(all) : weightedSum(all, job.items, length);
  }
  for (const tensor of Object.values(outputs)) tensor.dispose();
  return result;
}

async function answer(request: Request): Promise<void> {
  if (request.kind === 'close') {
    for (const key of [...sessions.keys()]) await release(key);
    port!.close();
  } else if (request.kind === 'release') {
    for (const key of request.key === null ? [...sessions.keys()] : [request.key]) await release(key);
    port!.postMessage({ kind: 'released', id: request.id } satisfies Reply);
  } else {
    try {
      const result = await run(request.job);
      const { logits, beside, losses, gradient } = result;
      const buffers = [logits.buffer, beside.buffer, losses.buffer, gradient.buffer] as ArrayBuffer[];
      port!.postMessage({ kind: 'done', id: request.job.id, result } satisfies Reply, buffers);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      port!.postMessage({ kind: 'failed', id: request.job.id, message } satisfies Reply);
    }
  }
}

// One request at a time: releasing a session while another request opens one would let two of them meet.
let last: Promise<void> = Promise.resolve();
port.on('message', (request: Request) => {
  last = last.then(() => answer(request));
});
port.postMessage({ kind: 'ready' } satisfies Reply);
