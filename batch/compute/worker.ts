// The thread: builds its own inputs from the shared photos, runs onnxruntime, and sends back one small sum. It decides
// nothing.
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type Job, type JobResult, jobDoer, type Program, Sessions } from '#shared/compute';
import type { Reply, Request, WorkerSettings } from './protocol.ts';

const settings = workerData as WorkerSettings;
const port = parentPort;
if (!port) throw new Error('batch/compute/worker.ts is the entry of a worker thread and cannot be run by itself.');

const create = async (program: Program) => {
  // onnxruntime-node refuses a SharedArrayBuffer, so the bytes are copied.
  const bytes = new Uint8Array(program.bytes);
  const own = settings.profile === 'gpu' ? (await import('./gpu-file.ts')).fileForGpu(bytes) : bytes;
  return InferenceSession.create(own, {
    executionProviders: [settings.provider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
    logSeverityLevel: 4,
    // int8 weights are widened once, when the session opens, instead of in every run: twice as fast for the
    // EfficientNets.
    extra: { session: { disable_quant_qdq: '1', intra_op: { allow_spinning: '0' } } },
  });
};
const sessions = new Sessions(settings.sessions, create, (session) => session.release());
const doJob = jobDoer(settings.profile);

async function run(job: Job): Promise<JobResult> {
  const session = await sessions.of(job.program);
  return doJob(job, async (feeds, outputs) => {
    const tensors = Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]);
    const results = await session.run(Object.fromEntries(tensors), [...outputs]);
    const copies = Object.entries(results).map(([name, { data }]) => [name, new Float32Array(data as Float32Array)]);
    for (const tensor of Object.values(results)) tensor.dispose();
    return Object.fromEntries(copies);
  });
}

async function answer(request: Request): Promise<void> {
  if (request.kind === 'close') {
    await sessions.release(null);
    port!.close();
  } else if (request.kind === 'release') {
    await sessions.release(request.key);
    port!.postMessage({ kind: 'released', id: request.id } satisfies Reply);
  } else {
    try {
      const result = await run(request.job);
      const { logits, beside, losses, gradient } = result;
      const buffers = [logits.buffer, beside.buffer, losses.buffer, gradient.buffer] as ArrayBuffer[];
      port!.postMessage({ kind: 'done', id: request.id, result } satisfies Reply, [...new Set(buffers)]);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      port!.postMessage({ kind: 'failed', id: request.id, message } satisfies Reply);
    }
  }
}

// One request at a time: releasing a session while another request opens one would let two of them meet.
let last: Promise<void> = Promise.resolve();
port.on('message', (request: Request) => {
  last = last.then(() => answer(request));
});
port.postMessage({ kind: 'ready' } satisfies Reply);
