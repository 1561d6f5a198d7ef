import { expect, test } from 'vitest';
import { usualNormalisations } from '../../shared/zoo/normalisations.ts';

test('the usual preprocessings are all different, and turn mean and std with the channels', () => {
  const distinct = new Set(usualNormalisations.map(({ normalisation }) => JSON.stringify(normalisation)));
  expect(distinct.size).toBe(usualNormalisations.length);
  const caffe = usualNormalisations.find(({ name }) => name === 'Caffe means, BGR');
  expect(caffe?.normalisation.mean).toEqual([103.939, 116.779, 123.68]);
});
