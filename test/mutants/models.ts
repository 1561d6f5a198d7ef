import { plantedIn } from './mutant.ts';

const classifiers = 'test/graph/classifiers.test.ts';
const file = 'test/graph/file.test.ts';
const evaluations = 'test/graph/evaluations.test.ts';
const inspect = 'test/graph/inspect.test.ts';
const guess = ['test/zoo/guess.test.ts', 'test/zoo/guessing.test.ts'];

/** What a model's file becomes, and what is found out about it. */
export const models = [
  ...plantedIn('shared/graph/prepare.ts', { test: classifiers, named: 'other ways|prepared' }, [
    ['prepare-bgr', '[2, 1, 0]', '[0, 1, 2]', 'BGR models get blue first'],
    ['prepare-offset', '-mean / spec.std[i]', '-mean', 'the mean is in units of the std'],
    ['prepare-range', 'spec.range / 255 / std', '1 / 255 / std', 'the range is that of the card'],
    ['prepare-nhwc', 'perm: ints([0, 2, 3, 1])', 'perm: ints([0, 3, 2, 1])', 'height comes before width'],
  ]),
  ...plantedIn('shared/graph/upgrade.ts', { test: file }, [
    ['upsample-mode', "nearest_mode: text('floor')", "nearest_mode: text('ceil')", 'Upsample repeats pixels'],
    [
      'softmax-group',
      "attribute(node, 'axis', 1)",
      "attribute(node, 'axis', -1)",
      'before set 13 Softmax is over all axes from 1 on',
    ],
  ]),
  ...plantedIn('shared/graph/upgrade.ts', { test: file }, [
    [
      'clip-bounds',
      "min: number('min'), max: number('max')",
      "min: number('max'), max: number('min')",
      'old Clip has its bounds as attributes',
    ],
  ]),
  ...plantedIn('shared/graph/image-input.ts', { test: inspect }, [
    ['guess-affine', 'offset * step.scale + step.offset', 'offset + step.offset', 'an offset before a scale is scaled'],
    ['guess-range', 'Math.abs(scale) < 0.1', 'Math.abs(scale) < 0.001', 'a division by 127.5 tells the range 255'],
  ]),
  ...plantedIn('shared/graph/work.ts', { test: inspect }, [
    ['flops-two', 'total += 2 * count', 'total += count', 'a multiply-add is two operations'],
    ['flops-trans', '=== 1 ? 0 : 1]', '=== 1 ? 1 : 0]', 'a turned matrix has its other axis summed'],
  ]),
  ...plantedIn('shared/graph/batch.ts', { test: 'test/graph/batch.test.ts' }, [
    ['batch-place', 'faster === 1 : slower === 1', 'slower === 1 : faster === 1', 'the batch goes where it was'],
  ]),
  ...plantedIn('shared/graph/evaluations/elementwise.ts', { test: evaluations }, [
    ['fold-round', 'rest === 0.5 && below % 2 === 0', 'rest === 0.5 && below % 2 !== 0', 'halves are rounded to even'],
    ['fold-mod', 'x - y * Math.floor(x / y)', 'x % y', 'Mod has the sign of its divisor'],
  ]),
  ...plantedIn('shared/zoo/normalisations.ts', { test: guess }, [
    ['guess-bgr', 'mean.toReversed()', 'mean', 'the mean turns with the channels'],
  ]),
  ...plantedIn('shared/zoo/guess.ts', { test: guess }, [
    [
      'guess-chance',
      'Math.max(1 / classes, Math.max',
      'Math.min(1 / classes, Math.max',
      'always answering the commonest class is chance too',
    ],
    ['guess-many', '* tried.length <= 0.01', '<= 0.01', 'many tries are accounted for'],
    [
      'guess-best',
      'b.right - a.right || a.loss - b.loss',
      'a.right - b.right || a.loss - b.loss',
      'the most accurate comes first',
    ],
  ]),
  ...plantedIn('batch/zoo/labelled-photos.ts', { test: guess }, [
    ['label-spread', 'Math.floor((i * values.length) / limit)', 'i', 'photos are spread over all classes'],
  ]),
  ...plantedIn('shared/release/bounds.ts', { test: ['test/attacks/check.test.ts', 'test/studies/plan.test.ts'] }, [
    ['epsilon-canvas', '(length * canvas) / 224', 'length', 'bounds of norm 2 grow with the canvas'],
    ['epsilon-most', '255 * Math.sqrt(3) * canvas', '255 * 3 * canvas', 'the longest difference of two pictures'],
  ]),
  ...plantedIn(
    'shared/release/keys.ts',
    { test: ['test/publish/hostile-release.test.ts', 'test/publish/build.test.ts'], named: 'a key|id of a photo' },
    [
      ['safe-dots', '!/^[. ]|[. ]$/.test(name) &&', '', 'no key climbs out of its folder'],
      ['safe-device', '!device.test(name)', 'true', 'no key is a device of Windows'],
      ['photo-id', ".replace(/\\.[^.]+$/, '')", ".replace(/\\..+$/, '')", 'only the last ending is taken off'],
    ],
  ),
  ...plantedIn('shared/release/hash.ts', { test: 'test/jobs/runner.test.ts' }, [
    ['canonical', '.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))', '', 'the order of keys does not change a hash'],
  ]),
  ...plantedIn('shared/attacks/check.ts', { test: 'test/attacks/check.test.ts' }, [
    ['epsilon-small', 'if (epsilon < 1) {', 'if (epsilon < 0) {', 'an epsilon in units of 0..1 is refused'],
    ['target-class', 'target >= classes', 'target > classes', 'a target is a class of the model'],
    ['two-photos', 'if (photos >= 2) return;', 'if (photos >= 1) return;', 'one photo makes nothing universal'],
  ]),

  ...plantedIn('shared/graph/prepare.ts', { test: classifiers, named: 'other ways|prepared' }, [
    [
      'prepare-axes',
      'across[i * canvas + j]',
      'across[i * canvas + canvas - 1 - j]',
      'columns are resized as rows are',
    ],
  ]),
  ...plantedIn('shared/graph/head.ts', { test: [classifiers, 'test/graph/forms.test.ts'] }, [
    [
      'prepare-softmax',
      "new Set(['Sigmoid']) : softmaxes",
      "new Set(['Sigmoid']) : new Set()",
      'a last Softmax is cut',
    ],
    [
      'prepare-sigmoid',
      "isSingle ? new Set(['Sigmoid'])",
      'isSingle ? new Set()',
      'the Sigmoid of a single score is cut',
    ],
  ]),
  ...plantedIn('shared/zoo/class-names.ts', { test: guess }, [
    [
      'label-ambiguous',
      'byLabel.has(key) && byLabel.get(key) !== index ? null : index',
      'index',
      'a label that two classes have tells nothing',
    ],
  ]),
  ...plantedIn('batch/zoo/labelled-photos.ts', { test: guess }, [
    ['label-index', 'Number(name) < classes', 'Number(name) <= classes', 'an index beyond the classes is none'],
    ['label-from-one', '|| numbers.has(0)) return;', ') return;', 'folders from 0 to the number of classes are fine'],
  ]),
];
