// Model files, by every command that reads a graph. The kinds are those of npm test: test/support/hostile-models.
import { writeNpy } from '#shared/formats';
import { random } from '#shared/synthetic';
import { classes, hostileModel, kinds, side } from '../../test/support/hostile-models/index.ts';
import type { HostileCase } from './run-case.ts';

const preprocessing = {
  ...{ inputSize: side, channelOrder: 'RGB', layout: 'NCHW' },
  ...{ range: 1, mean: [0, 0, 0], std: [1, 1, 1] },
};
const card = {
  ...{ id: 'm', title: 'm', licence: 'l', source: { file: 'm.onnx' }, preprocessing },
  ...{ classes, labels: null, published: null, edge: false },
};
const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const facts = ['--size', String(side), '--mean', '0,0,0', '--std', '1,1,1', '--range', '1'];

/** What a command is called with; paths are relative to the folder of the case, where it runs. */
const commands: string[][] = [
  ['models', 'inspect', 'm.onnx'],
  ['models', 'inspect', 'm.onnx', '--json'],
  ['models', 'add', 'm.onnx', '--id', 'added', ...facts, '--to', 'added'],
  ['models', 'prepare', 'm.json', '--canvas', '16', '--out', 'prepared.onnx'],
  ['gradients', 'vjp', 'm.onnx', '--input', 'x.npy', '--cotangent', 'g.npy', '--out', 'v.npy'],
  ['gradients', 'check', 'm.json', '--canvas', '16', '--directions', '1'],
  [
    ...['craft', '--model', 'm.json', '--attack', 'cosine-uap', '--photos', 'synthetic:4', '--canvas', '16'],
    ...['--budget', 'gradients=4', '--workers', '1', '--provider', 'cpu', '--out', 'crafted'],
  ],
];

export function* cases(seed: number, from = 0): Iterable<HostileCase> {
  const names = Object.keys(kinds);
  for (let i = from; ; i++) {
    const kind = names[i % names.length];
    const draw = random(seed, `model ${i}`);
    const number = draw.below(2 ** 31);
    // Looking at the file is what most people do first, and the quickest.
    const command = commands[draw.below(2) ? draw.below(2) : draw.below(commands.length)];
    yield {
      name: `${kind}, ${number}: ${command.slice(0, 2).join(' ')}`,
      files: {
        'm.onnx': hostileModel(kind, number),
        'm.json': text(card),
        'x.npy': writeNpy(new Float32Array(3 * side * side), [1, 3, side, side]),
        'g.npy': writeNpy(new Float32Array(classes).fill(1), [1, classes]),
      },
      command: () => command,
      runs: !command.includes('models'),
    };
  }
}
