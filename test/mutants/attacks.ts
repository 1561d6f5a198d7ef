import { plantedIn } from './mutant.ts';

const held = 'test/attacks/attacks.test.ts';
const pieces = 'test/attacks/pieces.test.ts';
const best = 'test/attacks/best.test.ts';
const watched = 'test/attacks/watched.test.ts';
const methods = 'test/attacks/methods.test.ts';
const budget = 'test/attacks/budget.test.ts';
const drive = 'test/attacks/drive.test.ts';

/** The driver, the descents and what they are made of. */
export const attacks = [
  ...plantedIn('shared/attacks/descend.ts', { test: [pieces, watched] }, [
    [
      'lookahead-projected',
      'project(ahead, task.norm, task.epsilon);',
      '',
      'the place that is looked ahead to lies within the bound',
    ],
    ['start-share', 'const scale = share * (norm', 'const scale = (norm', 'v starts at a share of the bound'],
    ['start-norm-2', 'epsilon * Math.sqrt(3 / length)', 'epsilon', 'under norm 2 the start is within the bound too'],
    ['start-seed', "random(seed, 'start')", "random(1, 'start')", 'the start is drawn from the seed'],
  ]),
  ...plantedIn('shared/attacks/pictures.ts', { test: pieces }, [
    [
      'flipped-row',
      'row: 2 * position + Number(flip)',
      'row: 2 * position',
      'a mirrored photo has the prediction of the mirrored one',
    ],
    ['row-of-photo', 'row: 2 * position', 'row: 2 * crafting[position]', 'rows are positions, not photos'],
    ['shift-one-way', '* move.uniform()) - furthest', '* move.uniform())', 'photos move both ways'],
    ['shift-across', 'item.shift = [pixels(), pixels()];', 'item.shift = [pixels(), 0];', 'photos move down as well'],
    ['shift-furthest', '(2 * furthest + 1) *', '(2 * furthest) *', 'photos move as far as is allowed'],
    ['flip-always', 'mirror.bits() >>> 31 === 1', 'mirror.bits() >= 0', 'every second photo is mirrored'],
    ['order-seed', 'random(seed, stream),', 'random(1, stream),', 'photos are shuffled by the seed'],
    [
      'zoom-range',
      '1 + settings.zoom * enlarge.uniform()',
      '1 + enlarge.uniform()',
      'photos are enlarged as far as is allowed',
    ],
  ]),
  ...plantedIn('shared/attacks/optimisers.ts', { test: [held, pieces], named: 'optimisers|Adam' }, [
    ['adam-bias', '(first[i] / bias1)', 'first[i]', 'the moments of Adam are freed of their bias'],
    ['adam-beta2', '[0.9, 0.999]', '[0.9, 0.9]', 'the second moment of Adam has a beta of 0.999'],
    ['adam-steps', 'state.steps += 1;', 'state.steps = 1;', 'the bias of Adam falls from step to step'],
    ['momentum-kept', 'options.momentum * m[i] + scale', 'm[i] + scale', 'the momentum fades'],
    [
      'momentum-l1',
      'sum += Math.abs(gradient[i])',
      'sum += gradient[i] ** 2',
      'gradients are normalised by their L1 norm',
    ],
    ['cosine-half', 'Math.cos(Math.PI * share)', 'Math.cos(Math.PI * share * 2)', 'steps decay along half a cosine'],
    [
      'lookahead-length',
      'options.momentum * stepAt(options, progress)',
      'stepAt(options, progress)',
      'the look ahead is momentum times a step',
    ],
  ]),
  ...plantedIn('shared/attacks/drive.ts', { test: [drive, best] }, [
    [
      'best-target',
      'const fooled = (success ?? fooling).reduce',
      'const fooled = fooling.reduce',
      'under a target the best reaches the target most often',
    ],
    ['best-later', 'fooled <= best.fooled', 'fooled < best.fooled', 'of equals the earlier iterate is kept'],
    ['best-copy', '{ v: v.slice(), fooled }', '{ v, fooled }', 'the best is a copy that later steps do not touch'],
    ['best-taken', 'v.set(await this.#lookForBest());', 'await this.#lookForBest();', 'the best iterate is the result'],
    [
      'enough-target',
      'meanShare(success ?? fooling).ratio',
      'meanShare(fooling).ratio',
      'a wanted ratio is of the target where there is one',
    ],
  ]),
  ...plantedIn(
    'shared/attacks/drive.ts',
    { test: [held, methods], named: 'stops at a fooling ratio|keeps its bound|goes on from' },
    [
      [
        'not-projected',
        'project(this.#iteration.state.v, this.#task.norm, this.#task.epsilon);',
        '',
        'every step is projected',
      ],
    ],
  ),
  ...plantedIn(
    'shared/attacks/surrogates.ts',
    { test: [held, methods, best], named: 'looks at crafting|ensembles|targets|never exceeds|counts as fooled' },
    [
      [
        'measure-all',
        'crafting.slice(0, most).map',
        'Array.from({ length: photos.pixels.length / this.length }, (_, i) => i).map',
        'nothing is chosen on evaluation photos',
      ],
      ['clean-row', 'labels[2 * i]', 'labels[i]', 'the prediction of the plain photo is every second row'],
      [
        'loss-of-all',
        'objective.direction / (items.length * parts.length)',
        '1 / (items.length * parts.length)',
        'some losses go up',
      ],
      ['target-fooled', ': label === this.#target', ': label !== labels[row]', 'with a target only the target counts'],
      ['spend-models', 'items.length * view.models', 'items.length', 'a photo on two models is two gradients'],
    ],
  ),
  ...plantedIn('shared/attacks/budget.ts', { test: budget }, [
    [
      'budget-photos',
      'Math.floor(this.left / Math.max(1, models))',
      'Math.ceil(this.left / Math.max(1, models))',
      'the last batch is what the budget has left',
    ],
    ['budget-seconds', 'this.state.seconds + (performance', '(performance', 'seconds of the runs before count'],
    [
      'budget-most',
      'Math.max(this.gradients / this.#limit',
      'Math.min(this.gradients / this.#limit',
      'whichever ends first ends it',
    ],
  ]),
  ...plantedIn('shared/attacks/objectives.ts', { test: pieces }, [
    [
      'target-direction',
      'direction: options.target === undefined ? 1 : -1',
      'direction: 1',
      'towards a target the cosine goes up',
    ],
    ['centre-share', '(value) => share * value', '(value) => value', 'a share of the mean logits is subtracted'],
    ['mean-row', '(value * width) / rows.length', 'value / rows.length', 'the mean of logits is over photos'],
    ['target-label', 'labels.map(() => target)', 'labels', 'the label is that of the target'],
  ]),
  ...plantedIn('shared/attacks/checkpoints.ts', { test: best, named: 'checkpoint' }, [
    ['identity-seed', 'norm, epsilon, seed, budget', 'norm, epsilon, budget', 'a checkpoint belongs to its seed'],
    ['identity-photos', 'photos: sha256OfParts(canvases),', '', 'a checkpoint belongs to its photos'],
  ]),
  ...plantedIn('shared/attacks/state.ts', { test: budget, named: 'bytes|layout' }, [
    ['not-finite', '{ number: String(part) } : part', 'part : part', 'NaN and infinities come back from a checkpoint'],
    ['numbers-place', 'end += part.byteLength;', 'end = part.byteLength;', 'arrays do not lie on each other'],
    ['ends-early', "throw new RangeError('The numbers end too early.')", 'copy.fill(0)', 'a cut checkpoint is refused'],
    ['before-layout-3', 'if (bytes[0] === beforeLayout3) throw other();', '', 'older checkpoints are named as such'],
  ]),
  ...plantedIn('shared/attacks/merge.ts', { test: methods, named: 'ensembles' }, [
    ['mean-logits', 'new Float32Array([1 / models.length])', 'new Float32Array([1])', 'logits are averaged'],
  ]),
];
