import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSmallStudy } from '../studies/small-study.ts';
import { atlas, root } from './atlas.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-evaluate-'));
  await writeSmallStudy(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const evaluate = (file: string, ...more: string[]) =>
  atlas([
    ...['evaluate', '--perturbation', join(root, 'test/cases', file), '--model', join(folder, 'linear1.json')],
    ...['--photos', 'synthetic:12', '--provider', 'cpu', ...more],
  ]);

describe("atlas evaluate on others' files", () => {
  test('asks for a unit that does not tell itself, and measures in the one that is said', async () => {
    const asked = await evaluate('minus1to1.npy');
    expect(asked.code).toBe(2);
    expect(asked.stderr).toMatch(/does not tell its unit\. Say it with --scale.*2 \(largest value 9\.99 of 255\)/);
    const { code, stdout, stderr } = await evaluate('minus1to1.npy', '--scale', '-1..1', '--epsilon', '10', '--json');
    expect(code).toBe(0);
    const { perturbation, results } = JSON.parse(stdout);
    expect(perturbation).toMatchObject({
      ...{ shape: [3, 16, 16], scale: 2, layout: 'CHW', clipped: false, noise: { norm: 'inf', epsilon: 10 } },
      guessed: ['layout', 'order'],
    });
    expect(perturbation.linf).toBeCloseTo(9.994, 3);
    expect(results[0].photos).toBe(12);
    expect(stderr).toMatch(/in units of -1\.\.1\. .*Its own bound is no value beyond 9\.994 .*norm inf/);
    // The same numbers as of the file in units of 0..255.
    const plain = await evaluate('big-endian.npy', '--epsilon', '10', '--json');
    expect(JSON.parse(plain.stdout).results).toEqual(results);
  }, 60_000);

  test('holds it to --epsilon, and clips where it is told so', async () => {
    const beyond = await evaluate('half.npy', '--epsilon', '8');
    expect(beyond.code).toBe(2);
    expect(beyond.stderr).toMatch(/larger than the bound of 8: largest value 9\.99\d \(norm inf\)/);
    const clipped = await evaluate('half.npy', '--epsilon', '8', '--clip', '--json');
    expect(JSON.parse(clipped.stdout).perturbation).toMatchObject({ linf: 8, clipped: true });
    expect(clipped.stderr).toMatch(/brought within 8 \(norm inf\), from its own largest value 9\.99/);
    const alone = await evaluate('half.npy', '--clip');
    expect(alone.code).toBe(2);
    expect(alone.stderr).toMatch(/--clip brings a perturbation within --epsilon/);
  }, 60_000);

  test('takes one of a stack', async () => {
    const { code, stderr } = await evaluate('batch10.npy');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/there are 10 in it\. Say which with --index/)]);
    const one = await evaluate('batch10.npy', '--index', '9', '--json');
    expect(JSON.parse(one.stdout).perturbation.stack).toEqual({ index: 9, count: 10 });
  }, 60_000);

  test.each(['0', 'x', '1..0', '1,2'])('refuses --scale %s, and names the forms', async (scale) => {
    const { code, stderr } = await evaluate('half.npy', `--scale=${scale}`);
    expect(code).toBe(2);
    expect(stderr).toMatch(/is no scale of a perturbation\. It takes 255, 1, 0\.\.1, -1\.\.1/);
  });
});
