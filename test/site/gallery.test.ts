/** What the gallery is narrowed down and ordered by. */
import { expect, test } from 'vitest';
import { facetsOf, measuresOf } from '../../site/gallery/facets.ts';
import type { Plate } from '../../site/release.ts';

const plate = (surrogates: string[], settings: object = {}, photos = 5): Plate =>
  ({
    entry: { surrogates, attack: 'house', norm: 'inf', epsilon: 10 },
    record: {
      settings,
      crafting: { photos },
      dominant: [{ labels: [{ index: 7, label: 'cock' }] }],
      fooling: { evaluation: [{ ratio: 0.2, noise: 0.1 }] },
    },
    own: surrogates.map((_, i) => ({ ratio: 0.5 + i / 4, noise: 0.25 })),
  }) as unknown as Plate;

test('facets are those that part the plates, with how many have each value', () => {
  const plates = [plate(['a']), plate(['a', 'b'], { target: 7 }), plate(['b'], {}, 0), plate([])];
  expect(facetsOf(plates, (id) => id.toUpperCase())).toEqual([
    {
      name: 'network',
      title: 'made on',
      options: [
        { value: 'a', text: 'A', count: 2 },
        { value: 'b', text: 'B', count: 2 },
      ],
    },
    {
      name: 'photos',
      title: 'from',
      options: [
        { value: 'photos', text: 'photographs', count: 2 },
        { value: 'none', text: 'no photographs', count: 1 },
      ],
    },
    { name: 'target', title: 'towards', options: [{ value: 'cock', text: 'cock', count: 1 }] },
  ]);
});

test('plates are ordered by what they do to the networks they were made on, controls by what they do to all', () => {
  expect(measuresOf(plate(['a', 'b']))).toEqual({ fooling: 0.625, less: 0.375 });
  expect(measuresOf(plate([]))).toEqual({ fooling: 0.2, less: 0.1 });
});
