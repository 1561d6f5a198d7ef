import { plantedIn } from './mutant.ts';

const defences = 'test/graph/defences.test.ts';
const network = 'test/analyses/network.test.ts';
const comparison = 'test/graph/comparison.test.ts';

/** Findings that ask networks more than what they answer, and the graphs that they ask. */
export const why = [
  ...plantedIn('shared/graph/defences/rounding.ts', { test: defences }, [
    ['rounding-gradient', "b.add('Round', [rest])", 'rest', 'gradients pass straight through rounding'],
    ['rounding-digits', 'const shift = 2 ** 100;', 'const shift = 2 ** 10;', 'what is rounded is whole'],
    ['rounding-ends', 'b.scalar(255.49)', 'b.scalar(300)', 'pixels end at 255'],
  ]),
  ...plantedIn('shared/graph/defences/jpeg.ts', { test: defences, named: 'JPEG' }, [
    ['jpeg-scale', '200 - 2 * quality', '200 - quality', 'quality scales the steps as libjpeg has it'],
    ['jpeg-colour', 'const fullColour = 90;', 'const fullColour = 101;', 'from 90 on colours keep their size'],
    ['jpeg-chroma', 'stepsOf(chroma, quality)', 'stepsOf(luma, quality)', 'colours have steps of their own'],
    ['jpeg-edge', 'Math.min(i, size - 1)', 'i % size', 'the last row and column are repeated'],
  ]),
  ...plantedIn('shared/graph/defences/filters.ts', { test: defences, named: 'median|blur|bits' }, [
    ['median-place', 'return nine[4];', 'return nine[3];', 'the median is the fifth of nine'],
    [
      'blur-total',
      'columns[from * size + i] += bell[k + reach] / total;',
      'columns[from * size + i] += bell[k + reach];',
      'a blur leaves greys as they are',
    ],
    ['bits-levels', '2 ** defence.bits - 1', '2 ** defence.bits', 'the brightest level is 255'],
  ]),
  ...plantedIn('shared/graph/defences/variation.ts', { test: defences, named: 'variation' }, [
    ['variation-edge', '< size - 1 ? 1 : 0', '< size ? 1 : 0', 'nothing is compared beyond the edge'],
    [
      'variation-weight',
      'b.mul(divergence(p as string), b.scalar(weight))',
      'divergence(p as string)',
      'the weight says how much',
    ],
  ]),
  ...plantedIn('shared/graph/defences/resize.ts', { test: defences, named: 'resiz' }, [
    ['resize-start', '(start + i) * size + first', 'i * size + first', 'the picture lies where the draw says'],
    ['resize-chosen', 'b.mul(whole, count)', 'sum', 'another pixel brings another draw'],
  ]),
  ...plantedIn('shared/graph/comparison.ts', { test: comparison }, [
    ['comparison-half', 'before.scalar(0.5)', 'before.scalar(0)', 'the perturbed picture is rounded, halves up'],
    [
      'comparison-own',
      "b.add('Sqrt', [b.add('Div', [dot(apart, apart), own])])",
      "b.add('Sqrt', [dot(apart, apart)])",
      'changes are shares of what there was',
    ],
  ]),
  ...plantedIn('batch/analyses/defences.ts', { test: network, named: 'defences' }, [
    [
      'defence-right',
      'label === plain.clean[i]',
      'label === plain.perturbed[0][i]',
      'right is what it was without both',
    ],
    [
      'defence-known',
      'labels[i] === truth[i]).length / known.length',
      'labels[i] === truth[i]).length / labels.length',
      'accuracy is of photos whose class is known',
    ],
  ]),
  ...plantedIn('batch/analyses/thresholds.ts', { test: network, named: 'thresholds' }, [
    [
      'threshold-never',
      'value ?? Number.POSITIVE_INFINITY',
      'value ?? 0',
      'photos that never give way are the hardest',
    ],
    ['threshold-ranks', '<= 0.025) below++', '<= 0.05) below++', 'the interval has two ends'],
  ]),
  ...plantedIn('batch/studies/steps/strengths.ts', { test: network, named: 'strength|stronger' }, [
    [
      'strength-halvings',
      'const halvings = 3;',
      'const halvings = 0;',
      'strengths are found between those of the grid',
    ],
    ['strength-open', 'high[photo] === null).map(', 'high[photo] !== undefined).map(', 'the lowest strength counts'],
  ]),
  ...plantedIn('batch/analyses/singular.ts', { test: network, named: 'boundary' }, [
    ['singular-root', 'vectors[k][i] / root', 'vectors[k][i]', 'directions have the length 1'],
    [
      'singular-order',
      'sort((i, k) => a[k][k] - a[i][i])',
      'sort((i, k) => a[i][i] - a[k][k])',
      'the largest value is the first',
    ],
  ]),
  ...plantedIn('batch/studies/steps/spanned.ts', { test: network, named: 'boundary' }, [
    [
      'span-length',
      'const scale = length / l2Norm(v);',
      'const scale = 1 / l2Norm(v);',
      'vectors have the length that is asked for',
    ],
  ]),
];
