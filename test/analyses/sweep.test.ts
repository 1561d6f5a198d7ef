/** Which photos are shown, and what their sweep says; that it is measured as everything else is: findings.test.ts. */
import { expect, test } from 'vitest';
import { type Candidate, showcaseOf } from '../../batch/analyses/showcase.ts';
import { type SweepRow, saysOf } from '../../batch/analyses/sweep.ts';

const candidate = (photo: string, of: Partial<Candidate> = {}): Candidate => ({
  ...{ photo, right: true, sure: 0.8, own: 6, fooled: 6, far: 0, fooledByNoise: 0, ...of },
});
const photosOf = (candidates: Candidate[], count: number) =>
  showcaseOf(candidates, count).map(({ photo, resists }) => (resists ? `${photo} resists` : photo));

test('photos that are read rightly, surely and fooled by all that was crafted come first; one that resists is the last', () => {
  const candidates = [
    candidate('misread', { right: false, sure: 1 }),
    candidate('noisy', { fooledByNoise: 1, sure: 1 }),
    candidate('doubtful', { sure: 0.39 }),
    candidate('half', { fooled: 3 }),
    candidate('sure', { sure: 0.95 }),
    candidate('less sure'),
    candidate('firm', { fooled: 1, sure: 0.7 }),
    candidate('firmer', { fooled: 0, sure: 0.6 }),
  ];
  expect(photosOf(candidates, 4)).toEqual(['sure', 'less sure', 'half', 'firmer resists']);
  // Where there are no more, what is left is better than nothing: first those that nobody else fools.
  expect(photosOf(candidates, 8)).toEqual([
    ...['sure', 'less sure', 'half', 'firm', 'misread', 'noisy', 'doubtful', 'firmer resists'],
  ]);
  expect(photosOf(candidates, 1)).toEqual(['sure']);
});

test('of those that all fool, the ones that become a thing of another kind come first', () => {
  const candidates = [
    candidate('sure', { sure: 0.95 }),
    candidate('far', { far: 5 }),
    candidate('few', { fooled: 5, far: 5 }),
  ];
  expect(photosOf(candidates, 3)).toEqual(['far', 'sure', 'few']);
});

test('one that is fooled by more than a third, or misread, is not shown as one that resists', () => {
  const candidates = [
    candidate('a'),
    candidate('b', { fooled: 3 }),
    candidate('misread', { fooled: 0, right: false }),
    candidate('without', { own: 0, fooled: 0 }),
  ];
  expect(photosOf(candidates, 2)).toEqual(['a', 'b']);
});

test('the sentence counts the readings that change, among the first labels alone', () => {
  const row = (perturbation: string | null, strength: number, index: number, rank = 1): SweepRow => ({
    ...{ photo: 'cat.jpg', resists: false, target: 'one', perturbation, strength, rank },
    ...{ index, label: `class ${index}`, probability: 0.5, right: index === 1 },
  });
  const rows = [
    ...[row(null, 0, 1), row(null, 0, 2, 2)],
    ...[row('p', 0.25, 1), row('p', 0.5, 1), row('p', 1, 7), row('p', 1, 1, 2)],
    ...[row('q', 0.25, 1), row('q', 0.5, 8), row('q', 1, 8)],
  ];
  expect(saysOf(rows)).toBe(
    'Of 1 photos chosen to show the flaw, 0 % of the readings change at a quarter of the strength, 50 % at half, 100 % at the whole.',
  );
  expect(saysOf([row(null, 0, 1)])).toBeNull();
});
