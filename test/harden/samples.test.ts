import { expect, test } from 'vitest';
import { applyPerturbation } from '#shared/images';
import { random, syntheticPictures } from '#shared/synthetic';
import { changed, changes } from '../../batch/harden/changes.ts';
import { render } from '../../batch/harden/index.ts';
import { planSamples } from '../../batch/harden/samples.ts';

const size = 16;
const canvas = Uint8Array.from(syntheticPictures({ kinds: ['blobs'], count: 1, size, seed: 5 }));
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
/** Mean squared step from a pixel to the next one on its right. */
const roughness = (values: ArrayLike<number>) =>
  mean(Array.from({ length: values.length - 1 }, (_, i) => ((i + 1) % size ? (values[i + 1] - values[i]) ** 2 : 0)));

test('every photo is shown clean in each way, and as often with a perturbation', () => {
  const samples = planSamples({ photos: 30, synthetic: 7, perturbations: 4 }, 1);
  for (let source = 0; source < 30; source++) {
    const own = samples.filter((sample) => sample.source === source);
    expect(own.filter(({ tampered }) => !tampered).map(({ change }) => change)).toEqual([...changes]);
    const perturbed = own.filter(({ tampered }) => tampered);
    expect(perturbed).toHaveLength(changes.length);
    // Every second one on the photo as it is, the others changed in five ways that follow each other.
    expect(perturbed.filter((_, i) => i % 2 === 0).every(({ change }) => change === 'none')).toBe(true);
    expect(new Set(perturbed.filter((_, i) => i % 2).map(({ change }) => change)).size).toBe(5);
    // One picture sets the threshold: clean, and as the photo is but for its JPEG.
    const [first, ...more] = own.filter(({ calibrates }) => calibrates);
    expect([first.tampered, first.change, more.length]).toEqual([null, 'none', 0]);
  }
  const synthetic = samples.filter(({ source }) => source >= 30);
  expect(synthetic.map(({ tampered, calibrates }) => [tampered, calibrates])).toEqual(Array(7).fill([null, false]));
  // 30 x 10 perturbed pictures over 4 perturbations at 3 strengths.
  const counts = new Map<string, number>();
  for (const { tampered } of samples)
    if (tampered) counts.set(JSON.stringify(tampered), (counts.get(JSON.stringify(tampered)) ?? 0) + 1);
  expect([...counts.values()].sort()).toEqual(Array(12).fill(25));
  const share = (quality: number | null) =>
    samples.filter((sample) => sample.quality === quality).length / samples.length;
  expect(share(null)).toBeCloseTo(0.4, 1);
  for (const quality of [90, 75, 50]) expect(share(quality)).toBeCloseTo(0.2, 1);
  expect(planSamples({ photos: 30, synthetic: 7, perturbations: 4 }, 1)).toEqual(samples);
  expect(planSamples({ photos: 30, synthetic: 7, perturbations: 4 }, 2)).not.toEqual(samples);
});

test('patterns that no attack made come after the perturbations, two thirds as often', () => {
  const samples = planSamples({ photos: 30, synthetic: 7, perturbations: 4, patterns: 5 }, 1);
  const withPattern = samples.filter(({ tampered }) => tampered?.isPattern);
  for (let source = 0; source < 30; source++)
    expect(withPattern.filter((sample) => sample.source === source)).toHaveLength(7);
  expect(withPattern.some(({ calibrates }) => calibrates)).toBe(false);
  // 30 x 7 over 5 patterns at 2 strengths.
  const counts = Map.groupBy(withPattern, ({ tampered }) => `${tampered?.perturbation} ${tampered?.strength}`);
  expect([...counts.keys()].sort()).toEqual([4, 5, 6, 7, 8].flatMap((pattern) => [`${pattern} 0.7`, `${pattern} 1`]));
  expect(new Set([...counts.values()].map((of) => of.length))).toEqual(new Set([21]));
  const others = samples.filter(({ tampered }) => tampered && !tampered.isPattern);
  expect(others).toHaveLength(300);
  expect(planSamples({ photos: 6, synthetic: 0, perturbations: 4, patterns: 5, looks: 3 }, 1)).toHaveLength(6 * 8);
});

test('a picture is perturbed at its strength, and re-encoded after that', async () => {
  const v = Float32Array.from({ length: canvas.length }, (_, i) => (i % 2 ? 12 : -12));
  const sample = {
    source: 0,
    change: 'none',
    tampered: { perturbation: 1, strength: 0.5, isPattern: false },
    quality: null,
    calibrates: false,
    seed: 1,
  } as const;
  const expected = applyPerturbation(canvas, v, 0.5);
  const kept = await render(sample, canvas, size, [new Float32Array(0), v]);
  expect(Array.from(kept)).toEqual(Array.from(expected));
  const errors = await Promise.all(
    [90, 50].map(async (quality) => {
      const saved = await render({ ...sample, quality }, canvas, size, [new Float32Array(0), v]);
      return mean(saved.map((value, i) => Math.abs(value - kept[i])));
    }),
  );
  expect(errors[0]).toBeGreaterThan(0.5);
  expect(errors[1]).toBeGreaterThan(errors[0]);
  expect(errors[1]).toBeLessThan(25);
});

test('changes are what they are called', () => {
  const after = (change: (typeof changes)[number]) => changed(canvas, size, change, random(1, change));
  expect(after('none')).toEqual(canvas);
  expect(changed(after('flip'), size, 'flip', random(1, ''))).toEqual(canvas);
  expect(after('flip')).not.toEqual(canvas);
  const noise = after('noise').map((value, i) => Math.abs(value - canvas[i]));
  expect(mean(noise)).toBeGreaterThan(0.2);
  expect(mean(noise)).toBeLessThan(4);
  expect(roughness(after('blur'))).toBeLessThan(0.8 * roughness(canvas));
  expect(mean(after('blur'))).toBeCloseTo(mean(canvas), -1);
  expect(mean(after('dark'))).toBeLessThan(0.91 * mean(canvas));
  const spread = (values: ArrayLike<number>) => mean(Array.from(values, (value) => (value - mean(values)) ** 2));
  const zoomed = (change: 'closer' | 'farther') => changed(canvas, size, change, random(2, change));
  for (const change of ['closer', 'farther'] as const) {
    expect(zoomed(change)).toHaveLength(canvas.length);
    expect(mean(zoomed(change))).toBeGreaterThan(0.6 * mean(canvas));
    expect(mean(zoomed(change))).toBeLessThan(1.6 * mean(canvas));
    expect(zoomed(change)).not.toEqual(canvas);
  }
  // What is shown larger has smaller steps; of one colour, both are as they were.
  expect(roughness(zoomed('closer'))).toBeLessThan(roughness(canvas));
  const even = new Uint8Array(canvas.length).fill(77);
  for (const change of ['closer', 'farther', 'colour'] as const)
    expect(changed(even, size, change, random(1, change))).toEqual(even);
  const harder = spread(after('contrast')) / spread(canvas);
  expect(harder).toBeGreaterThan(0.2);
  expect(harder).toBeLessThan(2.3);
  expect(Math.abs(harder - 1)).toBeGreaterThan(0.02);
  const plane = size * size;
  const grey = (values: ArrayLike<number>, i: number) => (values[i] + values[plane + i] + values[2 * plane + i]) / 3;
  const coloured = after('colour');
  expect(coloured).not.toEqual(canvas);
  for (let i = 0; i < plane; i += 7) {
    const isInside = [0, 1, 2].every((c) => coloured[c * plane + i] > 0 && coloured[c * plane + i] < 255);
    if (isInside) expect(Math.abs(grey(coloured, i) - grey(canvas, i))).toBeLessThan(1);
  }
  // Moved by at most one of 16 pixels each way: somewhere inside, it is the same picture.
  const moved = after('shift');
  const shifts = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [dy, dx]));
  const same = ([dy, dx]: number[]) => {
    for (let y = 1; y < size - 1; y++)
      for (let x = 1; x < size - 1; x++) if (moved[y * size + x] !== canvas[(y + dy) * size + x + dx]) return false;
    return true;
  };
  expect(shifts.filter(same)).toHaveLength(1);
});
