// A process of its own for webgpu.test.ts: the driver must be in the environment before the runtime starts.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCompute } from '../../batch/compute/index.ts';
import { gradientTask } from './webgpu-task.ts';

const [folder] = process.argv.slice(2);
const compute = await openCompute({ provider: 'webgpu' });
const { gradient } = await compute.gradient(gradientTask(new Uint8Array(readFileSync(join(folder, 'gradient.onnx')))));
writeFileSync(join(folder, 'gradient.bin'), new Uint8Array(gradient.buffer as ArrayBuffer));
const model = new Uint8Array(readFileSync(join(folder, 'model.onnx')));
const { program, photos, items, v } = gradientTask(model);
const { logits } = await compute.logits({ program, photos, items, v });
writeFileSync(join(folder, 'logits.bin'), new Uint8Array(logits.buffer as ArrayBuffer));
await compute.close();
process.exit(0);
