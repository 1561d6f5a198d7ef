/** What the lab says of a pattern that it looked for on a picture. */
import { expect, test } from 'vitest';
import { identifiedWords } from '../../site/lab/identified.ts';

const match = {
  ...{ id: 'v', named: true, strength: 0.983, error: 0.031, z: 50, p: 1e-300 },
  shift: { x: 0, y: 0 },
};
const said = (change: Partial<typeof match>, name?: string, tried = 17) => {
  const { what, rest } = identifiedWords({ matches: [{ ...match, ...change }], tried }, name);
  return what + rest;
};

test('a plate that is named is told with its strength, its place and the chance of a false alarm', () => {
  expect(said({}, 'Plate 3')).toBe(
    'Plate 3 is on this picture, at 0.98 ± 0.03 of its strength. By chance, fewer than one in a trillion pictures without any would look as much like one of them.',
  );
  expect(said({ strength: -0.5, shift: { x: -1, y: 12 } }, 'Plate 3')).toContain(
    'with its sign turned, at 0.50 ± 0.03 of its strength, moved 1 pixel to the left and 12 pixels down.',
  );
});

test.each([
  [9e-7, 'million'],
  [1.1e-9, 'million'],
  [1e-9, 'billion'],
  [2e-12, 'billion'],
  [1e-12, 'trillion'],
])('a chance of %d is fewer than one in a %s', (p, word) => {
  expect(said({ p }, 'Plate 1')).toContain(`fewer than one in a ${word} pictures`);
});

test('where none is named it says how often pictures without one look so', () => {
  const none = { named: false, p: 0.42 };
  expect(said(none)).toBe(
    'None of the 17 plates is on this picture, as far as can be told: 42\u202f% of pictures without any look as much like one of them.',
  );
  expect(said({ ...none, p: 1 })).toContain('any picture without one looks as much');
  expect(said({ ...none, p: 0.002 })).toContain('fewer than one in 200');
  expect(said(none, undefined, 1)).toMatch(/^The plate is not on this picture/);
  expect(identifiedWords({ matches: [], tried: 0 }).what).toContain('None of the 0 plates');
});
