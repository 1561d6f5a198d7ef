/** What the wall says, shows and puts into its address. */
import { describe, expect, test } from 'vitest';
import { amplifyToRgba, applyPerturbation } from '#shared/images';
import type { WallData, WallReadings } from '../../site/wall/data.ts';
import { groupsOf, headingOf, sentenceOf, tilesOf, withArticle } from '../../site/wall/groups.ts';
import { add, shrunk } from '../../site/wall/pixels.ts';
import { SHEET_ROWS, sheetOf } from '../../site/wall/sheets.ts';
import { labAddress, wallQueryOf, wallStateOf } from '../../site/wall/state.ts';

const readings: WallReadings = {
  labels: [
    [151, 'Chihuahua', 'dog'],
    [153, 'Maltese dog', 'dog'],
    [483, 'castle', 'artefact'],
    [346, 'water buffalo', null],
  ],
  clean: { one: [2, 2, 0, 3] },
  perturbed: { one: { p: [1, 0, 1, 3] } },
};

describe('the sheets of the wall', () => {
  test('have a place for each tile, in its order, and no sheet has more rows than it may', () => {
    const columns = 3;
    const places = Array.from({ length: 17 }, (_, photo) => sheetOf(photo, columns));
    const order = places.map(({ sheet, row, column }) => (sheet * SHEET_ROWS + row) * columns + column);
    expect(order).toEqual([...places.keys()]);
    for (const { row, column } of places) {
      expect(row).toBeLessThan(SHEET_ROWS);
      expect(column).toBeLessThan(columns);
    }
    expect(places.at(-1)).toEqual({ sheet: 2, row: 1, column: 1 });
  });
});

describe('the tiles of the wall', () => {
  const tiles = tilesOf(readings, 'one', 'p')!;

  test('are fooled where the class changes, and belong to what they became', () => {
    expect(tiles.map(({ before, after, fooled, kind }) => [before, after, fooled, kind])).toEqual([
      ['castle', 'Maltese dog', true, 'dog'],
      ['castle', 'Chihuahua', true, 'dog'],
      ['Chihuahua', 'Maltese dog', true, 'dog'],
      ['water buffalo', 'water buffalo', false, 'water buffalo'],
    ]);
    expect(tilesOf(readings, 'two', 'p')).toBeNull();
    expect(tilesOf(readings, 'one', 'q')).toBeNull();
  });

  test('are grouped with the largest group first, beside how many were that before', () => {
    const groups = groupsOf(readings, tiles, 'one');
    expect(groups.map(({ kind, tiles: members, before }) => [kind, members.map(({ photo }) => photo), before])).toEqual(
      [
        ['dog', [0, 1, 2], 1],
        ['water buffalo', [3], 1],
      ],
    );
    expect(groups.map(headingOf)).toEqual(['a dog: 3, 1 before', 'a water buffalo: 1, 1 before']);
    expect(sentenceOf(tiles, groups)).toBe(
      '3 of 4 become a dog, where 1 was before. 3 of 4 photographs change their label.',
    );
  });

  test('that are like no other stand together at the end, and are nothing that photos become', () => {
    const still = tiles.slice(2);
    const groups = groupsOf(readings, still, 'one');
    expect(groups.map(headingOf)).toEqual(['each something else: 2']);
    expect(sentenceOf(still, groups)).toBe('1 of 2 photographs change their label.');
  });

  test('have kinds that can be said', () => {
    expect(['artefact', 'other mammal', 'fish', 'wolf, fox or wild dog'].map(withArticle)).toEqual([
      'an artefact',
      'another mammal',
      'fish',
      'wolf, fox or wild dog',
    ]);
  });
});

describe('the pixels of a tile', () => {
  test('of the size of the canvas are those that the networks read', () => {
    const v = Float32Array.from({ length: 3 * 16 }, (_, i) => (i % 2 ? 10 : -10));
    const canvas = Float32Array.from({ length: 3 * 16 }, (_, i) => (i * 29) % 256);
    const rgba = new Uint8ClampedArray(64).map((_, i) => (i % 4 === 3 ? 255 : canvas[(i % 4) * 16 + (i >> 2)]));
    const out = new Uint8ClampedArray(64);
    const pattern = shrunk(new Uint8ClampedArray(amplifyToRgba(v, 4).data), 4, 4);
    for (const strength of [0, 0.5, 1]) {
      add(rgba, pattern, { linf: 10, strength }, out);
      const exact = applyPerturbation(canvas, v, strength);
      expect([...out]).toEqual(Array.from(out, (_, i) => (i % 4 === 3 ? 255 : exact[(i % 4) * 16 + (i >> 2)])));
    }
  });

  test('of a pattern that is made smaller are means, and no pixel of it is left out', () => {
    const rgba = new Uint8ClampedArray(4 * 36).map((_, i) => (i % 4 === 0 ? (i >> 2) % 6 : 0));
    expect([...shrunk(rgba, 6, 2)].filter((_, i) => i % 3 === 0)).toEqual(
      [1, 4, 1, 4].map((mean) => expect.closeTo(mean, 5)),
    );
  });
});

describe('the address of the wall', () => {
  const data = {
    models: [{ id: 'one' }, { id: 'two' }],
    perturbations: [{ id: 'p' }, { id: 'a+b' }],
    start: { model: 'one', perturbation: 'p' },
  } as unknown as WallData;

  test('carries every choice and gives it back; what there is not is as at the start', () => {
    const start = { ...data.start, strength: 0 };
    expect(wallStateOf('', data)).toEqual(start);
    expect(wallQueryOf(start, data)).toBe('');
    const state = { model: 'two', perturbation: 'a+b', strength: 1 };
    expect(wallStateOf(wallQueryOf(state, data), data)).toEqual(state);
    expect(wallStateOf('?model=three&perturbation=&strength=0.5', data)).toEqual(start);
  });

  test('of a tile opens the same question in the lab', () => {
    expect(labAddress('a cat', { model: 'two', perturbation: 'a+b', strength: 0 })).toBe(
      '/?photo=a+cat&model=two&perturbation=a%2Bb&strength=1',
    );
  });
});
