import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Model, type Node, writeModel } from '#shared/graph';

/** The layers of VGG-16, whose file has 528 MB: K. Simonyan, A. Zisserman, 2014, arXiv 1409.1556, table 1, column D. */
const stages = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
];
const dense = [4096, 4096, 1000];

/** Prints time and peak memory of everything that comes between a large ONNX file and its gradient graph on disk. */
export async function large(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'atlas-bench-'));
  try {
    const bytes = writeModel(vgg16());
    writeFileSync(join(folder, 'model.onnx'), bytes);
    const child = fork(new URL('./differentiate-file.ts', import.meta.url), [
      join(folder, 'model.onnx'),
      join(folder, 'gradient.onnx'),
    ]);
    const [{ seconds, peak }] = await once(child, 'message');
    const ratio = peak / bytes.length;
    console.log(
      `A model of ${(bytes.length / 1e6).toFixed(0)} MB: read, prepared, differentiated and written in ${seconds.toFixed(1)} s (goal 10: ${seconds < 10 ? 'reached' : 'not reached'}), peak memory ${ratio.toFixed(2)} of the file (goal 3: ${ratio < 3 ? 'reached' : 'not reached'})`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function vgg16(): Model {
  const nodes: Node[] = [];
  const constants: Model['constants'] = new Map();
  const step = (operator: string, inputs: string[], attributes: Node['attributes'] = {}): string => {
    const output = `${operator}${nodes.length}`;
    nodes.push({ operator, domain: '', name: output, inputs, outputs: [output], attributes });
    return output;
  };
  const weights = (shape: number[]): string => {
    const name = `weights${constants.size}`;
    const data = new Float32Array(shape.reduce((size, dim) => size * dim));
    for (let i = 0; i < data.length; i++)
      data[i] = (((i * 2654435761) >>> 8) / 2 ** 24 - 0.5) / Math.sqrt(data.length / shape[0]);
    constants.set(name, { type: 'float32', shape, data });
    return name;
  };
  const ints = (value: number[]) => ({ kind: 'ints', value }) as const;
  let x = 'image';
  let channels = 3;
  for (const stage of stages) {
    for (const next of stage) {
      x = step('Conv', [x, weights([next, channels, 3, 3]), weights([next])], { pads: ints([1, 1, 1, 1]) });
      x = step('Relu', [x]);
      channels = next;
    }
    x = step('MaxPool', [x], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
  }
  x = step('Flatten', [x]);
  let features = channels * 7 * 7;
  for (const [i, next] of dense.entries()) {
    x = step('Gemm', [x, weights([next, features]), weights([next])], { transB: { kind: 'int', value: 1 } });
    if (i < dense.length - 1) x = step('Relu', [x]);
    features = next;
  }
  return {
    irVersion: 8,
    opset: 17,
    domains: {},
    producer: 'bench',
    name: 'vgg16',
    metadata: {},
    inputs: [{ name: 'image', type: 'float32', shape: ['N', 3, 224, 224] }],
    outputs: [{ name: x, type: 'float32', shape: ['N', 1000] }],
    constants,
    nodes,
  };
}
