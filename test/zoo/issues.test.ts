import { expect, test } from 'vitest';
import { modelCard } from '#shared/release';
import { parseWith } from '../../batch/files/index.ts';

const card = {
  ...{ id: 'c', title: 't', licence: 'l', source: { file: 'm.onnx' }, classes: 10 },
  ...{ labels: null, published: null, edge: false },
  preprocessing: { inputSize: 8, channelOrder: 'RGB', layout: 'NCHW', range: 1, mean: [0, 0, 0], std: [1, 1, 1] },
};
const preprocessing = (changes: object) => ({ ...card, preprocessing: { ...card.preprocessing, ...changes } });

test.each<[string, unknown, string]>([
  ['nothing', {}, 'id is missing; title is missing; licence is missing; source is missing'],
  ['a list', [], 'it must be an object, not a list'],
  ['no text', { ...card, title: 3 }, 'title must be text, not a number'],
  ['another word', preprocessing({ layout: 'XX' }), 'preprocessing.layout must be "NCHW" or "NHWC", not "XX"'],
  ['another number', preprocessing({ range: 2 }), 'preprocessing.range must be 255 or 1, not 2'],
  ['a short list', preprocessing({ mean: [0] }), 'preprocessing.mean must be a list of three numbers'],
  ['three greys', preprocessing({ channels: 'grey' }), 'preprocessing.mean must be a list of one number'],
  [
    'a rule of our own',
    preprocessing({ std: [0, 1, 1] }),
    'preprocessing.std is not right: a std of 0 divides by zero',
  ],
  ['too few', { ...card, classes: 1 }, 'classes must be at least 2, not 1'],
  ['a number beyond all', { ...card, classes: JSON.parse('1e999') }, 'classes must be a finite number'],
  ['one of two kinds of objects', { ...card, source: { file: 3 } }, 'source.file must be text, not a number'],
  ['neither kind', { ...card, source: 3 }, 'source must be an object, not 3'],
])('a card with %s is refused in words, not in those of a library', (_what, value, says) => {
  expect(() => parseWith(modelCard, value, 'The card')).toThrow(says);
  expect(() => parseWith(modelCard, value, 'The card')).not.toThrow(/Invalid|Too (small|big)|expected|received/);
});
