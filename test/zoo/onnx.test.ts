import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '#shared/errors';
import { readModel } from '#shared/graph';
import { sizeOf } from '../../batch/files/index.ts';
import { readOnnx } from '../../batch/zoo/onnx.ts';
import { writeWithExternalWeights } from '../support/external-weights.ts';
import { tinyModel } from '../support/tiny-model.ts';

const { bytes } = tinyModel();
let parent: string;
let folder: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'atlas-onnx-'));
  folder = join(parent, 'model');
  mkdirSync(join(folder, 'deep'), { recursive: true });
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

describe('an .onnx file with weights in other files', () => {
  test.each(['model.weights', 'deep/model.weights'])('is read with %s, as if it were one file', async (location) => {
    const path = join(folder, 'outside.onnx');
    writeWithExternalWeights(path, bytes, location);
    const { model, weightFiles } = await readOnnx(path);
    expect(model).toEqual(readModel(bytes));
    expect(weightFiles).toEqual([location]);
  });

  test.each([
    ['an absolute path', () => join(parent, 'stolen')],
    ['a path through the folder above', () => '../stolen'],
    ['a path that goes down and up again', () => 'deep/../../stolen'],
    ['the folder above, as Windows writes it', () => '..\\stolen'],
    ['a link that leads outside', () => 'link'],
  ])('is refused when it names %s, though the file is there', async (_what, locate) => {
    writeFileSync(join(parent, 'stolen'), new Uint8Array(10_000));
    const path = join(folder, 'hostile.onnx');
    rmSync(join(folder, 'link'), { force: true });
    symlinkSync(join(parent, 'stolen'), join(folder, 'link'));
    writeWithExternalWeights(path, bytes, locate());
    const reading = readOnnx(path);
    await expect(reading).rejects.toThrow(UsageError);
    await expect(reading).rejects.toThrow(/hostile\.onnx keeps weights in .*from the folder of the model alone/);
  });

  test('says which file is missing, and which is too short', async () => {
    const path = join(folder, 'broken.onnx');
    writeWithExternalWeights(path, bytes, 'broken.weights');
    truncateSync(join(folder, 'broken.weights'), 100);
    await expect(readOnnx(path)).rejects.toThrow(/broken\.onnx.*"broken\.weights", which has 100/);
    rmSync(join(folder, 'broken.weights'));
    await expect(readOnnx(path)).rejects.toThrow(/broken\.onnx.*broken\.weights cannot be read: there is no such file/);
  });
});

test('a path that leads nowhere is said to, however it does', async () => {
  for (const [from, to] of ['ab', 'ba']) symlinkSync(join(folder, to), join(folder, from));
  writeFileSync(join(folder, 'file'), '');
  const paths: [string, string][] = [
    ['a', 'it is a link that leads to itself'],
    ['x'.repeat(300), 'its name is longer than any file has'],
    ['file/x', 'there is no such file'],
  ];
  for (const [name, reason] of paths) {
    expect(sizeOf(join(folder, name)), name).toBe(0);
    await expect(readOnnx(join(folder, name))).rejects.toThrow(`cannot be read: ${reason}`);
  }
});

test('a file that is missing, a folder, or no model is named', async () => {
  await expect(readOnnx(join(folder, 'none.onnx'))).rejects.toThrow(/none\.onnx cannot be read: there is no such file/);
  await expect(readOnnx(folder)).rejects.toThrow(/cannot be read: it is a folder/);
  writeFileSync(join(folder, 'text.onnx'), 'this is no model');
  await expect(readOnnx(join(folder, 'text.onnx'))).rejects.toThrow(/text\.onnx cannot be read: These 16 bytes/);
});
