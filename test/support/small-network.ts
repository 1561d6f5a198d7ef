import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Model, writeModel } from '#shared/graph';
import { sha256Hex } from '#shared/release';
import { nodeOf } from '../../shared/graph/model.ts';
import { floats } from '../../shared/graph/tensor.ts';
import { noise } from '../graph/support.ts';

/** Two convolutions with random weights, 4 classes, as a file that ends in a Softmax: it can be hardened. */
function network(size: number): Model {
  return {
    ...{ irVersion: 8, opset: 17, domains: {}, producer: 'test', name: 'test', metadata: {} },
    inputs: [{ name: 'x', type: 'float32', shape: [1, 3, size, size] }],
    outputs: [{ name: 'p', type: 'float32', shape: [1, 4] }],
    constants: new Map([
      ['w1', floats(noise(12 * 27, 1), [12, 3, 3, 3])],
      ['w2', floats(noise(16 * 108, 2), [16, 12, 3, 3])],
      ['w3', floats(noise(64, 3), [16, 4])],
    ]),
    nodes: [
      nodeOf('Conv', ['x', 'w1'], 'c1'),
      nodeOf('Relu', ['c1'], 'r1'),
      nodeOf('Conv', ['r1', 'w2'], 'c2'),
      nodeOf('Relu', ['c2'], 'r2'),
      nodeOf('GlobalAveragePool', ['r2'], 'g'),
      nodeOf('Flatten', ['g'], 'f'),
      nodeOf('Gemm', ['f', 'w3'], 'l'),
      nodeOf('Softmax', ['l'], 'p'),
    ],
  };
}

/** Writes it as `small.onnx` with its card `small.json`. Answers the path of the card. */
export async function writeSmallNetwork(folder: string, size: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const bytes = writeModel(network(size));
  await writeFile(join(folder, 'small.onnx'), bytes);
  await writeFile(join(folder, 'labels.json'), JSON.stringify(['cat', 'dog', 'cup', 'car']));
  const preprocessing = {
    ...{ inputSize: size, channelOrder: 'RGB', layout: 'NCHW', range: 255 },
    ...{ mean: [128, 128, 128], std: [64, 64, 64] },
  };
  const card = {
    ...{ id: 'small', title: 'Small', licence: 'MIT', preprocessing, classes: 4, labels: 'labels.json' },
    ...{
      source: { file: 'small.onnx', sha256: sha256Hex(bytes), bytes: bytes.byteLength },
      published: null,
      edge: true,
    },
  };
  const path = join(folder, 'small.json');
  await writeFile(path, JSON.stringify(card));
  return path;
}
