/** What the viewer of a table asks, and what it is answered. */
import { expect, test } from 'vitest';
import { answer, asksAll, conditionOf, csvOf, readQuery, writeQuery } from '../../site/viewer/query.ts';

const columns = ['label', 'ratio', 'seed'];
const rows = [
  { label: 'dog 10', ratio: 0.5, seed: 1n },
  { label: 'dog 9', ratio: 0.75, seed: 2n },
  { label: 'a "cat", red', ratio: null, seed: 3n },
];
const asked = (search: string) => answer(rows, readQuery(search, columns)).map(({ seed }) => Number(seed));

test('conditions are a part of the text, or compare as numbers where the value is one', () => {
  const holds = (text: string, value: unknown) => conditionOf(text)(value);
  expect([holds('DOG', 'a dog'), holds('= dog', 'a dog'), holds('=Dog', 'dog'), holds('!= dog', 'cat')]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect([
    holds('> 0.5', 0.5),
    holds('>=0.5', 0.5),
    holds('<1e1', 9n),
    holds('<= 9', 9n),
    holds('= 9', 9n),
    holds('=9.0', 9n),
  ]).toEqual([false, true, true, true, true, true]);
  // What has no value, or is no number, is neither more nor less than one.
  expect([holds('> -1', null), holds('< 5', 'text'), holds('> x', 3)]).toEqual([false, false, false]);
});

test('rows are filtered and ordered, numbers within text as people count, and what has no value last', () => {
  expect(asked('?f.label=dog')).toEqual([1, 2]);
  expect(asked('?f.label=dog&f.ratio=%3E0.6')).toEqual([2]);
  expect(asked('?sort=label')).toEqual([3, 2, 1]);
  expect(asked('?sort=ratio')).toEqual([1, 2, 3]);
  expect(asked('?sort=-ratio')).toEqual([2, 1, 3]);
  expect(asked('?sort=-seed')).toEqual([3, 2, 1]);
});

test('an address is read as it is written, and what it cannot mean is left out', () => {
  const search = '?f.label=a+%26+b&sort=-ratio&page=3';
  expect(writeQuery(readQuery(search, columns))).toBe(search);
  expect(writeQuery(readQuery('?f.no=1&sort=no&page=-2', columns))).toBe('');
  expect([asksAll(readQuery('?page=2', columns)), asksAll(readQuery('?sort=seed', columns))]).toEqual([false, true]);
});

test('an export is CSV as the files of the release are', () => {
  expect(csvOf(rows.slice(1), columns)).toBe('label,ratio,seed\ndog 9,0.75,2\n"a ""cat"", red",,3\n');
});
