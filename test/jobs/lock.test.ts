import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockFolder } from '../../batch/jobs/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the lock of a folder', () => {
  test('keeps a second run out until it is given back', async () => {
    const unlock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(new RegExp(`Another run \\(process ${process.pid}\\)`));
    await unlock();
    await (await lockFolder(folder))();
  });

  test.skipIf(process.platform !== 'linux')('tells a process from an earlier one of the same number', async () => {
    const unlock = await lockFolder(folder);
    const mine = JSON.parse(await readFile(join(folder, 'lock'), 'utf8'));
    await unlock();
    expect(mine.started).toMatch(/^\d+$/);
    // As a run left it that was killed before this process began, and had its number.
    await writeFile(join(folder, 'lock'), JSON.stringify({ ...mine, started: '1' }));
    await (await lockFolder(folder))();
    await writeFile(join(folder, 'lock'), JSON.stringify(mine));
    await expect(lockFolder(folder)).rejects.toThrow(/Another run/);
  });

  test('of a run that was killed while it wrote it is taken over', async () => {
    await writeFile(join(folder, 'lock'), '{"pid":');
    await (await lockFolder(folder))();
  });
});
