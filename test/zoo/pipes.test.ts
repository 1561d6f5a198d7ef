import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadCard, readModelBytes } from '../../batch/zoo/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atlas-pipes-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(card: object): string {
  const path = join(folder, 'special.json');
  const norm = { range: 1, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
  const preprocessing = { inputSize: 8, channelOrder: 'RGB', layout: 'NCHW', ...norm };
  const whole = { id: 'w', title: 'W', licence: 'MIT', classes: 2, labels: null, published: null, edge: false };
  writeFileSync(path, JSON.stringify({ ...whole, preprocessing, ...card }));
  return path;
}

test('what is no regular file is refused at once, as a model, as labels and as a card', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const file of ['/dev/zero', pipe, folder]) {
    const asModel = await loadCard(write({ source: { file } }));
    await expect(readModelBytes(asModel), file).rejects.toThrow(/cannot be read: it is (no regular file|a folder)/);
    const asLabels = write({ source: { file: 'x' }, labels: file });
    await expect(loadCard(asLabels), file).rejects.toThrow(/label file .* it is (no regular file|a folder)/);
    await expect(loadCard(file), file).rejects.toThrow(/cannot be read: it is (no regular file|a folder)/);
  }
});
