/**
 * Normals: whether the decision boundary looks the same next to many photos. The singular values of the matrix of its
 * unit normals fall off fast where a few directions are common to all of them; those of random directions are all near
 * 1. (Paper: see boundary.ts; its figure 9 has 10,000 photos of one network.)
 */
import { boundariesOf } from './boundary.ts';
import { finding, type StudyJobs } from './finding.ts';
import { percent } from './words.ts';

export interface NormalsRow {
  target: string;
  photos: number;
  normals: number;
  index: number;
  value: number;
  share: number;
  random_value: number;
  random_share: number;
}

const needs = (study: StudyJobs) => ({
  targets: boundariesOf(study).map(({ target, normals }) => ({ id: target.id, normals })),
});

/** Of all squares, those of the first values. */
export function sharesOf(values: readonly number[]): number[] {
  const total = values.reduce((sum, value) => sum + value * value, 0);
  let sum = 0;
  return values.map((value) => {
    sum += value * value;
    return sum / total;
  });
}

export const normals = finding({
  name: 'normals',
  title: 'Whether the decision boundary looks alike next to different photos',
  source: import.meta.url,
  byDefault: false,
  columns: [
    { name: 'target', type: 'STRING', description: 'Model whose boundary it is' },
    { name: 'photos', type: 'INT32', description: 'Crafting photos that a normal was looked for next to' },
    { name: 'normals', type: 'INT32', description: 'Those that DeepFool found one for' },
    {
      name: 'index',
      type: 'INT32',
      description: 'Which singular value of the matrix of unit normals, 1 for the largest',
    },
    { name: 'value', type: 'DOUBLE', description: 'The singular value; the squares of all add up to normals' },
    {
      name: 'share',
      type: 'DOUBLE',
      description: 'Squares up to this one, of all: how much of the normals lies in so many directions',
    },
    { name: 'random_value', type: 'DOUBLE', description: 'The same of as many random directions, drawn from seed 1' },
    { name: 'random_share', type: 'DOUBLE', description: 'The same of as many random directions, drawn from seed 1' },
  ],
  needs,
  rows({ targets }) {
    return targets.flatMap(({ id, normals }) => {
      const { photos, lengths, values, random } = normals.result;
      const [shares, chance] = [sharesOf(values), sharesOf(random)];
      return values.map(
        (value, i): NormalsRow => ({
          ...{ target: id, photos, normals: lengths.length, index: i + 1, value, share: shares[i] },
          ...{ random_value: random[i], random_share: chance[i] },
        }),
      );
    });
  },
  says(rows) {
    const first = rows.filter(({ index }) => index === 1);
    if (first.length === 0) return null;
    const mean = (value: (row: NormalsRow) => number) =>
      percent(first.reduce((sum, row) => sum + value(row), 0) / first.length);
    return `The normals of the decision boundary next to ${first[0].normals} photos have ${mean(({ share }) => share)} of their squares in one direction, where random directions have ${mean(({ random_share }) => random_share)}.`;
  },
});
