// The batch on a GPU, or what takes its place here: SwiftShader, a GPU in software, which comes with the browser of the
// end-to-end tests.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { differentiate, withCrossEntropy, writeModel } from '#shared/graph';
import { openCompute } from '../../batch/compute/index.ts';
import { tinyPrepared, unfilled } from '../graph/gpu-networks.ts';
import { relativeDifference } from '../graph/support.ts';
import { gradientTask } from './webgpu-task.ts';

const folder = mkdtempSync(join(tmpdir(), 'atlas-webgpu-'));
afterAll(() => rmSync(folder, { recursive: true }));

const programFor = (profile: 'cpu' | 'gpu') =>
  writeModel(differentiate(withCrossEntropy(tinyPrepared()), { of: 'loss', wrt: 'canvas', profile }));

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
  "the provider webgpu gives the CPU's gradients, with labels as its graphs take them, and the CPU's logits",
  async () => {
    const archive = brotliDecompressSync(readFileSync('node_modules/@sparticuz/chromium/bin/swiftshader.tar.br'));
    writeFileSync(join(folder, 'swiftshader.tar'), archive);
    await promisify(execFile)('tar', ['xf', 'swiftshader.tar'], { cwd: folder });
    writeFileSync(join(folder, 'gradient.onnx'), programFor('gpu'));
    const model = writeModel(unfilled());
    writeFileSync(join(folder, 'model.onnx'), model);
    await promisify(execFile)(
      process.execPath,
      [fileURLToPath(new URL('./run-on-webgpu.ts', import.meta.url)), folder],
      { env: { ...process.env, LD_LIBRARY_PATH: folder, VK_DRIVER_FILES: join(folder, 'vk_swiftshader_icd.json') } },
    );
    const found = (name: string) => new Float32Array(new Uint8Array(readFileSync(join(folder, name))).buffer);
    const compute = await openCompute({ provider: 'cpu', workers: 1 });
    const { gradient } = await compute.gradient(gradientTask(programFor('cpu')));
    const { program, photos, items, v } = gradientTask(model);
    const { logits } = await compute.logits({ program, photos, items, v });
    await compute.close();
    expect(relativeDifference(found('gradient.bin'), gradient)).toBeLessThan(1e-4);
    expect(relativeDifference(found('logits.bin'), logits)).toBeLessThan(1e-4);
  },
  60_000,
);
