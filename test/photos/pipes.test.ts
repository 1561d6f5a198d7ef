import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { craftedOn } from '../../batch/cli/crafted-on.ts';
import { loadPhotos } from '../../batch/photos/index.ts';
import { findPhotos } from '../../batch/studies/photos.ts';

const starter = fileURLToPath(new URL('../../zoo/starter/photos/', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atlas-pipes-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a pipe or a device among the photos is skipped at once, and an error with strict and in a study', async () => {
  cpSync(join(starter, 'cat.jpg'), join(folder, 'a.jpg'));
  execFileSync('mkfifo', [join(folder, 'b.jpg')]);
  symlinkSync('/dev/zero', join(folder, 'c.jpg'));
  const { names, skipped } = await loadPhotos([folder], { canvas: 32 });
  expect(names).toEqual(['a.jpg']);
  expect(skipped.map(({ reason }) => reason)).toEqual(['it is no regular file.', 'it is no regular file.']);
  await expect(loadPhotos([folder], { canvas: 32, strict: true })).rejects.toThrow(
    /b\.jpg cannot be read: it is no regular file\. Repair it/,
  );
  const study = findPhotos(folder, join(folder, 'cache.json'), { keep: false });
  await expect(study).rejects.toThrow(/b\.jpg cannot be read: it is no regular file\. Take it out/);
});

test('a pipe in place of the record beside a perturbation is none', async () => {
  const photos = await loadPhotos([join(starter, 'cat.jpg')], { canvas: 32 });
  execFileSync('mkfifo', [join(folder, 'craft.json')]);
  expect(await craftedOn(join(folder, 'perturbation.npy'), photos)).toEqual([]);
});
