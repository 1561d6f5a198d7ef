import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '#shared/errors';
import { readLabelFile } from '../../batch/zoo/labels.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atlas-labels-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (name: string, content: unknown) => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readLabelFile(path);
};
const names = [
  { index: 0, label: 'tench' },
  { index: 1, label: 'great white shark, white shark' },
];
const withWnids = [
  { ...names[0], wnid: 'n01440764' },
  { ...names[1], wnid: 'n01484850' },
];

describe('a label file', () => {
  const shark = 'great white shark, white shark';
  test.each([
    ['a list of names', 'a.json', ['tench', shark], names],
    ['a list of our own, in any order', 'a.json', [withWnids[1], withWnids[0]], withWnids],
    ["Hugging Face's id2label", 'config.json', { model_type: 'vit', id2label: { 0: 'tench', 1: shark } }, names],
    ['its label2id', 'config.json', { label2id: { [shark]: 1, tench: 0 } }, names],
    ['{"0": name} alone', 'a.json', { 1: shark, 0: 'tench' }, names],
    ["Keras' class_indices", 'a.json', { tench: 0, [shark]: 1 }, names],
    [
      'digits by their names',
      'a.json',
      { 7: 1, 3: 0 },
      [
        { index: 0, label: '3' },
        { index: 1, label: '7' },
      ],
    ],
    ["Keras' class_index", 'a.json', { 0: ['n01440764', 'tench'], 1: ['n01484850', shark] }, withWnids],
    [
      'pairs of WordNet id and name',
      'a.json',
      [
        ['n01440764', 'tench'],
        ['n01484850', shark],
      ],
      withWnids,
    ],
    ['one name a line', 'a.txt', `tench\n${shark}\n`, names],
    ['one name a line, from Windows', 'a.txt', `\uFEFFtench\r\n${shark}\r\n\r\n`, names],
    ['synset_words.txt', 'a.txt', `n01440764 tench\nn01484850 ${shark}\n`, withWnids],
    ['numbered lines', 'a.txt', `0: tench\n1: ${shark}\n`, names],
    ['numbered lines with tabs', 'a.labels', `0\ttench\n1\t${shark}\n`, names],
    ['JSON in a .txt file', 'a.txt', JSON.stringify(['tench', shark]), names],
  ])('may be %s', async (_what, name, content, expected) => {
    expect(await read(name, content)).toEqual(expected);
  });

  test('of WordNet ids alone is of both', async () => {
    const ids = ['n01440764', 'n01484850'];
    const expected = ids.map((wnid, index) => ({ index, label: wnid, wnid }));
    expect(await read('a.json', ids)).toEqual(expected);
    expect(await read('a.txt', ids.join('\n'))).toEqual(expected);
  });

  test('of numbers that are no places is one of names', async () => {
    expect(await read('a.txt', '7 up\n3 musketeers\n')).toEqual([
      { index: 0, label: '7 up' },
      { index: 1, label: '3 musketeers' },
    ]);
  });

  test.each([
    ['an object of other things', 'a.json', { classes: { a: 1.5 } }],
    ['an empty list', 'a.json', []],
    ['an empty object', 'a.json', {}],
    ['text', 'a.json', '"cat"'],
    ['lists in lists', 'a.json', [['cat', 'dog']]],
    ['a label that is no text', 'a.json', ['cat', null]],
    ['one long line', 'a.txt', 'x'.repeat(5000)],
    ['one line', 'a.txt', 'hunter2'],
    ['an empty line between', 'a.txt', 'a\n\nb'],
    ['bytes that are no text', 'a.txt', 'a\u0000b\nc'],
  ])('that is %s is refused with the forms, and not quoted', async (_what, name, content) => {
    const error = await read(name, content).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    const { message } = error as Error;
    expect(message).toMatch(
      /no list of classes.*list of names.*Keras.*Hugging Face.*id2label.*\.txt file with one name a line/,
    );
    expect(message).not.toMatch(/hunter2|cat/);
  });

  test('with a class missing or twice is refused', async () => {
    await expect(read('a.json', { 0: 'a', 2: 'c' })).rejects.toThrow(/has no class 1/);
    await expect(read('a.json', { a: 0, b: 0 })).rejects.toThrow(/names the class 0 twice/);
    await expect(readLabelFile(join(folder, 'none.txt'))).rejects.toThrow(/none\.txt cannot be read: there is no such/);
  });
});
