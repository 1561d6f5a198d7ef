// One bare runtime in a process of its own, driven by messages: node bench/edge/peer-process.ts <web|node> <model.onnx>
// <side of the canvas>
import { readFile } from 'node:fs/promises';

const [runtime, file, size] = process.argv.slice(2);
const side = Number(size);
const started = performance.now();
const ort = runtime === 'web' ? await import('onnxruntime-web/wasm') : await import('onnxruntime-node');
if (runtime === 'web') {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
}
const session = await ort.InferenceSession.create(new Uint8Array(await readFile(file)), {
  executionProviders: [runtime === 'web' ? 'wasm' : 'cpu'],
  graphOptimizationLevel: 'all',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
});

async function run(batch: number): Promise<number> {
  const data = new Float32Array(batch * 3 * side * side).map((_, i) => (i * 7919) % 256);
  const input = new ort.Tensor('float32', data, [batch, 3, side, side]);
  const before = performance.now();
  const { logits } = await session.run({ canvas: input as never });
  const passed = performance.now() - before;
  logits.dispose();
  return passed;
}

await run(1);
process.send!({ cold: performance.now() - started });
process.on('message', async ({ batch }: { batch: number }) => {
  const cpu = process.cpuUsage();
  const milliseconds = await run(batch);
  const used = process.cpuUsage(cpu);
  process.send!({ milliseconds, cpu: (used.user + used.system) / 1000 });
});
