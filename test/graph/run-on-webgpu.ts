// A process of its own for gpu.test.ts: the driver must be in the environment before the runtime starts.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const [folder, ...shape] = process.argv.slice(2);
const dims = shape.map(Number);
const session = await InferenceSession.create(new Uint8Array(readFileSync(join(folder, 'gradient.onnx'))), {
  executionProviders: ['webgpu'],
  logSeverityLevel: 4,
});
const { gradient } = await session.run({
  canvas: new Tensor(
    'float32',
    new Float32Array(new Uint8Array(readFileSync(join(folder, 'canvas.bin'))).buffer),
    dims,
  ),
  labels: new Tensor('int64', BigInt64Array.of(1n, 4n), [dims[0]]),
});
writeFileSync(join(folder, 'gradient.bin'), new Uint8Array((gradient.data as Float32Array<ArrayBuffer>).buffer));
process.exit(0);
