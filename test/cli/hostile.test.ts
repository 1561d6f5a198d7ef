import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { writeNpy } from '#shared/formats';
import { classifier, ints, node, side } from '../support/hostile-models/file.ts';
import { atlas, startAtlas } from './atlas.ts';

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
const at = (name: string) => join(folder, name);
const card = (name: string, file: string) => {
  const preprocessing = {
    ...{ inputSize: side, channelOrder: 'RGB', layout: 'NCHW' },
    ...{ range: 1, mean: [0, 0, 0], std: [1, 1, 1] },
  };
  const about = { title: 't', licence: 'l', source: { file }, preprocessing, classes: 10, labels: null };
  writeFileSync(at(name), JSON.stringify({ id: 'c', ...about, published: null, edge: false }));
  return at(name);
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atlas-hostile-'));
  const negative = { constants: [ints('s', [-2, -3])], nodes: [node('ConstantOfShape', ['s'], ['c'])] };
  writeFileSync(at('negative.onnx'), classifier(negative));
  // Twenty thousand nodes whose gradients are ten times as many: seconds of honest work.
  const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const steps = Array.from({ length: 20_000 }, (_, i) => node('MaxPool', [i ? `m${i}` : 'x'], [`m${i + 1}`], window));
  writeFileSync(at('long.onnx'), classifier({ nodes: [...steps, node('Identity', ['m20000'], ['c'])] }));
  writeFileSync(at('sound.onnx'), classifier({ nodes: [node('Relu', ['x'], ['c'])] }));
  writeFileSync(at('x.npy'), writeNpy(new Float32Array(3 * side * side), [1, 3, side, side]));
  writeFileSync(at('g.npy'), writeNpy(new Float32Array(10), [1, 10]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const facts = ['--size', String(side), '--mean', '0,0,0', '--std', '1,1,1', '--range', '1'];
const commands: [string, (model: string) => string[]][] = [
  ['models inspect', (model) => ['models', 'inspect', at(model)]],
  ['models add', (model) => ['models', 'add', at(model), '--id', 'm', ...facts, '--to', at('to')]],
  ['models prepare', (model) => ['models', 'prepare', card('card.json', model), '--out', at('prepared.onnx')]],
  [
    'gradients vjp',
    (model) => [
      'gradients',
      'vjp',
      at(model),
      '--input',
      at('x.npy'),
      '--cotangent',
      at('g.npy'),
      '--out',
      at('v.npy'),
    ],
  ],
  ['gradients check', (model) => ['gradients', 'check', card('card.json', model)]],
];

describe.each(commands)('%s', (_name, command) => {
  test('refuses a graph of negative sizes and writes nothing', async () => {
    const { code, stderr } = await atlas(command('negative.onnx'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^(Preparing c\n)?atlas: .*a tensor would have the shape \[-2,-3\].*\n$/);
    expect(readdirSync(folder).filter((name) => /^(to|prepared|v)/.test(name))).toEqual([]);
  });

  test('has a deadline', async () => {
    const { code, stderr } = await atlas(command('sound.onnx'), { env: { ATLAS_DEADLINE: '0.01' } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/took longer than 0\.01 seconds.*ATLAS_DEADLINE=0\.1/s);
  });
});

describe('Ctrl-C in the middle of a graph', () => {
  test.each([300, 700, 1200])('ends the command after %d ms with 130', async (ms) => {
    const { child, ended } = startAtlas(['models', 'inspect', at('long.onnx')]);
    await new Promise((resolve) => setTimeout(resolve, ms));
    const sent = performance.now();
    process.kill(-child.pid!, 'SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    // Before the program has begun to listen, the signal itself ends it, without a word.
    expect(stderr === '' || /interrupted/.test(stderr), stderr).toBe(true);
    expect(performance.now() - sent).toBeLessThan(10_000);
  });
});

test('Ctrl-C ends a craft in the middle of its work on a graph', async () => {
  const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const steps = Array.from({ length: 400 }, (_, i) => node('MaxPool', [i ? `m${i}` : 'x'], [`m${i + 1}`], window));
  const nodes = [...steps, node('Identity', ['m400'], ['c'])];
  writeFileSync(at('apart.onnx'), classifier({ nodes, isApart: true }));
  const { child, ended } = startAtlas([
    ...['craft', '--model', card('apart.json', 'apart.onnx'), '--attack', 'cosine-uap', '--photos', 'synthetic:4'],
    ...['--canvas', '16', '--budget', 'gradients=40', '--workers', '1', '--provider', 'cpu', '--out', at('crafted')],
  ]);
  const isWorking = async () => (await belowIt(child.pid!)).some((line) => line.includes('surrogates-work.ts'));
  await expect.poll(isWorking, { timeout: 40_000, interval: 20 }).toBe(true);
  process.kill(-child.pid!, 'SIGINT');
  const sent = performance.now();
  expect((await ended).code).toBe(130);
  expect(performance.now() - sent).toBeLessThan(10_000);
  expect(readdirSync(at('crafted'))).toEqual([]);
});

/** Command lines of the processes that a process started, and those that they did. */
async function belowIt(pid: number): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid,ppid,args']);
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  const below = (parent: string): string[][] =>
    lines.filter(([, ppid]) => ppid === parent).flatMap((line) => [line, ...below(line[0])]);
  return below(String(pid)).map((line) => line.slice(2).join(' '));
}

test('a graph that onnxruntime cannot run is reported once, in plain words', async () => {
  // Batches of one are not split in two.
  const nodes = [node('Split', ['x'], ['c0', 'c1']), node('Identity', ['c0'], ['c'])];
  writeFileSync(at('split.onnx'), classifier({ nodes }));
  const { code, stderr } = await atlas([
    ...['craft', '--model', card('split.json', 'split.onnx'), '--attack', 'cosine-uap', '--photos', 'synthetic:4'],
    ...['--canvas', '16', '--budget', 'gradients=4', '--workers', '1', '--provider', 'cpu', '--out', at('split')],
  ]);
  expect(code).toBe(1);
  expect(stderr.match(/Split/g), stderr).toHaveLength(1);
  expect(stderr).not.toContain(String.fromCharCode(27));
});

test('a model that is a device is refused', async () => {
  for (const args of [
    ['models', 'inspect', '/dev/zero'],
    ['models', 'prepare', card('device.json', '/dev/zero'), '--out', at('prepared.onnx')],
  ]) {
    const { code, stderr } = await atlas(args);
    expect(stderr).toMatch(/no regular file/);
    expect(code).toBe(2);
  }
});
