/** What is proposed for a visitor's network; how it looks and behaves is test/e2e. */
import { describe, expect, test } from 'vitest';
import { UsageError } from '#shared/errors';
import { sorted } from '../../site/own-network/files.ts';
import { isOwnNetwork } from '../../site/own-network/network.ts';
import { fieldsOf, labelledPhotos, namesFor, normalisationOf, waysFor } from '../../site/own-network/proposal.ts';
import { isOutOfMemory, wordsOf } from '../../site/own-network/words.ts';

const named = (...labels: string[]) => labels.map((label, index) => ({ index, label }));
const input = { inputSize: 32, layout: 'NCHW', channels: 'colour', isWhole: false, assumed: false } as const;
const file = (name: string) => new File(['x'], name);

describe('preprocessings', () => {
  const caffe = { range: 255, mean: [103.939, 116.779, 123.68], std: [1, 1, 1], channelOrder: 'BGR' } as const;

  test('stand in the fields as red, green, blue, and come back in the order of the channels', () => {
    const way = { ...caffe, mean: [...caffe.mean], std: [...caffe.std] };
    const fields = fieldsOf(way);
    expect(fields).toEqual({ mean: '123.68, 116.779, 103.939', std: '1, 1, 1', range: '255', order: 'BGR' });
    expect(normalisationOf(fields, 'colour')).toEqual(way);
    expect(normalisationOf({ mean: '0.5', std: '0.25', range: '1', order: 'RGB' }, 'colour')).toMatchObject({
      mean: [0.5, 0.5, 0.5],
      range: 1,
    });
    expect(normalisationOf({ mean: '0.5', std: '0.25', range: '1', order: 'RGB' }, 'grey').mean).toEqual([0.5]);
  });

  test.each([
    [{ mean: '1,2' }, 'colour', /The mean is "1,2"\. It must be three numbers/],
    [{ std: 'much' }, 'colour', /The std is "much"/],
    [{ std: '1, 0, 1' }, 'colour', /must be positive/],
    [{ std: '-1' }, 'colour', /must be positive/],
    [{ mean: '1,2,3' }, 'grey', /one channel. Give one number/],
  ] as const)('%o are refused', (wrong, channels, says) => {
    const fields = { mean: '0', std: '1', range: '255', order: 'RGB', ...wrong };
    expect(() => normalisationOf(fields, channels)).toThrow(UsageError);
    expect(() => normalisationOf(fields, channels)).toThrow(says);
  });

  test('begin with what the file suggests', () => {
    const known = waysFor({ input, guess: { ...caffe, reason: '' } });
    expect(known.ways[known.suggested].name).toBe('Caffe means, BGR');
    // The first of all ways is known as well.
    const [first] = known.ways;
    const usual = waysFor({ input, guess: { ...first.normalisation, reason: '' } });
    expect([usual.suggested, usual.ways.length]).toEqual([0, known.ways.length]);
    const unknown = waysFor({ input, guess: { ...caffe, std: [2, 2, 2], reason: '' } });
    expect(unknown.ways[unknown.suggested].name).toBe('As the file suggests');
    expect(unknown.ways).toHaveLength(known.ways.length + 1);
    expect(waysFor({ input: null, guess: null }).ways).toEqual([]);
  });
});

describe('names of classes', () => {
  const imageNet = Array.from({ length: 1000 }, (_, index) => ({ index, label: `thing ${index}` }));

  test('are those of a file, of ImageNet where there are as many, or numbers', () => {
    expect(namesFor(2, { file: 'l.txt', labels: named('cat', 'dog') }, imageNet).named).toBe('file');
    expect(namesFor(1000, null, imageNet)).toEqual({ labels: imageNet, named: 'imagenet' });
    expect(namesFor(3, null, imageNet)).toMatchObject({ named: 'none', labels: [{}, {}, { label: 'class 2' }] });
  });

  test('are refused where there are others than classes', () => {
    expect(() => namesFor(3, { file: 'l.txt', labels: named('cat', 'dog') }, null)).toThrow(
      'The label file l.txt names 2 classes, and the model that you chose has 3. One label for each index from 0 to 2 is needed: choose the file of its own labels, or none.',
    );
  });

  test('tell the classes of photos by name or by WordNet id, and not where there are two', () => {
    const photos = [
      { id: 'a', name: 'a', url: '/a', labels: ['tench'] },
      { id: 'b', name: 'b', url: '/b', labels: ['goldfish', 'tench'] },
      { id: 'c', name: 'c', url: '/c', labels: [] },
      { id: 'd', name: 'd', url: '/d', labels: ['goldfish'] },
    ];
    expect(labelledPhotos(photos, named('tench, Tinca tinca', 'cat'), null)).toEqual({ urls: ['/a'], truth: [0] });
    const wnids = [
      { index: 0, label: 'tench', wnid: 'n01440764' },
      { index: 1, label: 'goldfish', wnid: 'n01443537' },
    ];
    const others = [
      { index: 0, label: 'Goldfisch', wnid: 'n01443537' },
      { index: 1, label: 'Katze' },
    ];
    expect(labelledPhotos(photos, others, wnids)).toEqual({ urls: ['/d'], truth: [0] });
  });

  test('of very many photos some from everywhere are taken', () => {
    const photos = Array.from({ length: 200 }, (_, i) => ({ id: `${i}`, name: '', url: `/${i}`, labels: ['cat'] }));
    const { urls } = labelledPhotos(photos, named('cat'), null);
    expect([urls.length, urls[0], urls.at(-1)]).toEqual([40, '/0', '/195']);
  });
});

describe('files that are chosen together', () => {
  test('are the model, its weights and its labels', () => {
    const [model, data, labels] = ['net.onnx', 'net.onnx.data', 'labels.txt'].map(file);
    expect(sorted([data, labels, model])).toEqual({ model, others: [data, labels], labels });
    const other = file('net.bin');
    expect(sorted([other])).toEqual({ model: other, others: [], labels: null });
  });

  test('are refused where two are models, or none of several is', () => {
    expect(() => sorted([file('a.onnx'), file('b.onnx')])).toThrow(/a\.onnx and b\.onnx are 2 models/);
    expect(() => sorted([file('a.txt'), file('b.txt')])).toThrow(/None of these 2 files is called \.onnx/);
  });
});

test('an id of a visitor’s network is none of a model of a release, nor of a photo', () => {
  expect(['own.0123abcd', 'own.12345678'].every(isOwnNetwork)).toBe(true);
  expect(['own.3', 'own.0123abcde', 'squeezenet1_1', 'own.0123ABCD'].some(isOwnNetwork)).toBe(false);
});

test('what browsers say when memory runs out is told as that', () => {
  for (const says of [
    'Array buffer allocation failed',
    'std::bad_alloc',
    'WebAssembly.Memory(): could not allocate memory',
    'Out of memory',
  ]) {
    expect(isOutOfMemory(says)).toBe(true);
    expect(wordsOf(new RangeError(says), 'net.onnx')).toMatch(/^net\.onnx needs more memory.*quantised.*npx atlas/);
  }
  expect(wordsOf(new Error('odd'), 'net.onnx')).toMatch(/^net\.onnx could not be worked on: odd\./);
});
