/** The transfer matrix: what its cells show, and the orders of its rows and columns. */
import { expect, test } from 'vitest';
import type { Atlas, Plate } from '../../site/release.ts';
import { packed, unpacked } from '../../site/transfer/cell.ts';
import { cellsOf, ordersOf } from '../../site/transfer/matrix.ts';
import { clusterOrder } from '../../site/transfer/order.ts';

test('those that are alike stand beside each other, though their order was another', () => {
  const vectors = [
    [0, 0],
    [9, 9],
    [0.1, 0],
    [5, 5],
    [9, 9.2],
    [5.1, 5],
  ];
  const order = clusterOrder(vectors);
  expect(order.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
  const beside = (a: number, b: number) => Math.abs(order.indexOf(a) - order.indexOf(b));
  expect([beside(0, 2), beside(1, 4), beside(3, 5)]).toEqual([1, 1, 1]);
  // The middle pair is nearer to each of the others than these are to each other.
  expect(beside(0, 1)).toBeGreaterThanOrEqual(2);
  expect(clusterOrder([])).toEqual([]);
  expect(clusterOrder([[1]])).toEqual([0]);
  // Equal distances, and nothing in common, end too.
  expect(clusterOrder([[1], [1], [1], [1]]).toSorted()).toEqual([0, 1, 2, 3]);
  expect(
    clusterOrder([
      [1, null],
      [null, 1],
      [1, null],
    ]).toSorted(),
  ).toEqual([0, 1, 2]);
});

test('orders are by name as people count, by mean from the highest, and by likeness', () => {
  const { name, mean } = ordersOf(
    ['net 10', 'net 9', 'b'],
    [
      [0.1, null],
      [0.5, 0.7],
      [null, null],
    ],
  );
  expect(name).toEqual([2, 1, 0]);
  expect(mean).toEqual([1, 0, 2]);
});

const row = (target: string, ratio: number) => ({
  target,
  ratio,
  noise: 0.25,
  low: ratio - 0.1,
  high: ratio + 0.1,
  fooled: 1,
  photos: 2,
});
const plate = (number: number, seed: number, ratio: number, photos = 3): Plate =>
  ({
    ...{ number, id: `p${number}`, title: 'Net' },
    entry: { surrogates: ['net'], attack: 'house', norm: 'inf', epsilon: 10, seed },
    record: { settings: {}, crafting: { photos }, fooling: { evaluation: [row('net', ratio)] } },
  }) as unknown as Plate;

test('cells show the ratio, that less noise, and the spread over plates that differ in their seed alone', () => {
  const atlas = {
    plates: [plate(1, 1, 0.5), plate(2, 2, 0.6), plate(3, 1, 0.2, 0)],
    targets: ['net', 'other'],
    titleOf: (id: string) => id,
  } as unknown as Atlas;
  const [[first, missing], , [alone]] = cellsOf(atlas);
  expect([first.views.ratio?.text, first.views.less?.text, first.views.spread?.text]).toEqual([
    '50\u202f%',
    '+25',
    '10',
  ]);
  expect([alone.views.less?.text, alone.views.spread]).toEqual(['\u22125', null]);
  for (const { views } of [first, missing, alone]) expect(unpacked(packed(views))).toEqual(views);
  expect([missing.views.ratio, missing.said, first.isOwn, missing.isOwn]).toEqual([null, '', true, false]);
});
