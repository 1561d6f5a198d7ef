import { plantedIn } from './mutant.ts';

const held = 'test/attacks/methods.test.ts';
const attacks = 'test/attacks/attacks.test.ts';
const pieces = 'test/attacks/pieces.test.ts';
const watched = 'test/attacks/watched.test.ts';
const closed = 'test/attacks/closed-form.test.ts';

/** What the attacks do that no other does. */
export const methods = [
  ...plantedIn('shared/attacks/sga.ts', { test: closed, named: 'SGA' }, [
    ['sga-walk', 'ahead.step(u, gradient, progress);', '', 'the small batches are walked through'],
    ['sga-walk-projected', 'project(u, task.norm, task.epsilon);', '', 'the walk stays within the bound'],
    ['sga-sum', 'sum[k] += gradient[k]', 'sum[k] = gradient[k]', 'gradients of the walk are added up'],
    ['sga-start', 'const u = startAt(length, v);', 'const u = startAt(length);', 'the walk begins at v'],
    [
      'sga-momentum',
      "optimiser: 'sign-momentum', momentum: 0 }",
      "optimiser: 'sign-momentum' }",
      'the walk has no momentum',
    ],
  ]),
  ...plantedIn('shared/attacks/deepfool.ts', { test: [closed, held, watched], named: 'DeepFool|^uap ' }, [
    [
      'deepfool-overshoot',
      'r: r.map((value) => (1 + overshoot) * value)',
      'r: r.map((value) => value)',
      'DeepFool goes beyond the boundary',
    ],
    ['deepfool-place', '(1 + overshoot) * r[i];', 'r[i];', 'DeepFool looks where it ends, overshoot and all'],
    [
      'deepfool-absolute',
      'Math.abs(logits[ranking[rank]] - logits[ranking[0]])',
      '(logits[ranking[rank]] - logits[ranking[0]])',
      'a distance is not negative',
    ],
    [
      'deepfool-nearest',
      'distance < nearest.distance',
      'distance > nearest.distance || nearest.rank === 0',
      'the nearest boundary is crossed',
    ],
    [
      'deepfool-squared',
      '(distance + 1e-4) / Math.sqrt(squares)',
      '(distance + 1e-4) / squares',
      'a step has the length of the distance',
    ],
  ]),
  ...plantedIn('shared/attacks/uap.ts', { test: [closed, held, watched], named: 'DeepFool|^uap ' }, [
    [
      'deepfool-unconverged',
      'crossed: crossed && (steps < settings.steps - 1 || settings.steps === 1),',
      'crossed,',
      'what DeepFool took nine steps for is not added',
    ],
    ['deepfool-adds', 'if (crossed) for', 'for', 'what has not crossed is not added'],
    ['uap-idle', 'state.idle <= task.crafting.length', 'true', 'a whole pass that finds all fooled is the end'],
  ]),
  ...plantedIn('shared/attacks/saturation.ts', { test: [held, pieces], named: 'halve|saturates' }, [
    ['halving', 'Math.min(epsilon, v[i])) / 2', 'Math.min(epsilon, v[i])) / 1', 'v is halved when it is saturated'],
    ['halving-most', 'const most = 0.5;', 'const most = 0.8;', 'more than half at the bound is saturated'],
    ['halving-still', 'const still = 1e-5;', 'const still = 1;', 'v is not halved while values come and go'],
    ['halving-norm', "if (norm === '2') return;", '', 'nothing saturates under norm 2'],
  ]),
  ...plantedIn(
    'shared/attacks/gd-uap.ts',
    { test: [held, watched, pieces], named: 'gd-uap|settings that are left out' },
    [
      ['gd-halving', '...halving(surrogates.task),', '', 'gd-uap halves v when it is saturated'],
      [
        'gd-prior',
        'none: meanCanvas,',
        'none: (task) => craftingPhotos(task, { flips: false, shift: 0, zoom: 0 }),',
        'with no prior no photo is looked at',
      ],
      [
        'gd-one',
        "settings.prior === 'none' ? 1 : settings.batch",
        'settings.batch',
        'with no prior one picture is enough',
      ],
    ],
  ),
  ...plantedIn('shared/attacks/priors.ts', { test: [attacks, pieces], named: 'data-free|in place of photos' }, [
    [
      'prior-row',
      'return { values, row: row + Number(flip) };',
      'return { values, row };',
      'a mirrored look has the row of the mirrored photo',
    ],
    ['prior-growing', 'more + 10 + 117 * progress', 'more + 127', 'noise grows from 10 to 127'],
    ['prior-scale', '500 / 224', '224 / 224', 'looks are cut from noise that is larger than a canvas'],
    ['prior-seed', "random(seed, 'range prior')", "random(1, 'range prior')", 'the noise is drawn from the seed'],
    ['prior-colour', 'meanColour[Math.floor(i / plane)]', 'meanColour[0]', 'each plane has the mean of its colour'],
    [
      'prior-clip',
      'Math.round(Math.min(255, Math.max(0, values[k])))',
      'values[k]',
      'pictures have whole values in 0..255',
    ],
  ]),
  ...plantedIn(
    'shared/attacks/sv-uap.ts',
    { test: [held, watched, pieces], named: 'sv-uap|settings that are left out' },
    [
      ['sv-central', 'value - behind[i])', 'value)', 'J v is a difference'],
      [
        'sv-exponent',
        'Math.abs(value / largest) ** (q - 1)',
        'Math.abs(value / largest) ** q',
        'psi_q has the exponent q - 1',
      ],
      ['sv-largest', '(own / largest) ** (q - 1)', 'own / largest', 'parts are put on one scale'],
      ['sv-sign', 'Math.sign(value) * Math.abs(value / largest)', 'Math.abs(value / largest)', 'psi_q keeps the sign'],
      ['sv-reach', 'value * reach) / along', 'value * along) / reach', 'photos are moved by half a pixel value'],
      ['sv-photos', 'crafting.slice(0, photos)', 'crafting.slice(0, 1)', 'as many photos are summed as were asked for'],
      ['sv-rule', "v, rule: 'free', signal })", "v, rule: 'rounded', signal })", 'differences are not rounded'],
    ],
  ),
  ...plantedIn(
    'shared/attacks/trm-uap.ts',
    { test: [held, watched, pieces], named: 'trm-uap|settings that are left out' },
    [
      ['trm-curriculum', '2 + Math.round((finest - 2) * progress)', 'finest', 'jigsaws get finer as crafting goes on'],
      ['trm-depth', 'default(0.8)', 'default(0.3)', 'the first 80 % of the layers count'],
      [
        'trm-negative',
        '...{ depth, negative, negativeDepth },',
        '...{ depth, negativeDepth },',
        'the weight of the negative outputs counts',
      ],
    ],
  ),
  ...plantedIn(
    'shared/attacks/psp-uap.ts',
    { test: [held, watched, pieces], named: 'psp-uap|settings that are left out' },
    [
      ['psp-curriculum', 'const spread = 10 + 117 * progress;', 'const spread = 127;', 'the noise under v grows'],
      [
        'psp-weights',
        'Math.sqrt(1 / Math.max(divergence, 1e-4))',
        'Math.sqrt(Math.max(divergence, 1e-4))',
        'samples that v hardly changes weigh more',
      ],
      ['psp-mean', 'weights.map((weight) => weight / mean)', 'weights', 'weights have a mean of 1'],
      [
        'psp-own',
        '127.5 + spread * draw.normal()) + v[i];',
        '127.5 + spread * draw.normal());',
        'v is part of what it is crafted on',
      ],
      ['psp-temperature', '(value) => value / temperature', '(value) => value', 'the softmax has a temperature'],
      ['psp-contrast', 'weights[i] * (item.contrast ?? 1)', 'weights[i]', 'the gradient grows with the contrast'],
    ],
  ),
  ...plantedIn('shared/attacks/procedural.ts', { test: [held, watched, pieces], named: 'procedural' }, [
    ['procedural-best', 'if (fooled > best.fooled) {', 'if (fooled >= 0) {', 'the best candidate is kept'],
    [
      'procedural-rows',
      'isFooled(view, 2 * i, label)',
      'isFooled(view, i, label)',
      'answers are held to the plain photos',
    ],
    ['procedural-v', 'v.set(candidate);', '', 'the best candidate is the result'],
    [
      'procedural-length',
      'epsilon / (Math.sqrt(3) * l2Norm(values) || 1)',
      'epsilon / (l2Norm(values) || 1)',
      'under norm 2 three planes have the length of the bound',
    ],
  ]),
  ...plantedIn('shared/attacks/noise.ts', { test: [attacks, pieces], named: 'noise|control' }, [
    ['noise-seed', 'random(seed, `noise', 'random(1, `noise', 'noise is drawn from the seed'],
    ['noise-gaussian', 'draw.normal() / 2', 'draw.normal()', 'Gaussian noise has half the bound as deviation'],
    ['noise-uniform', '2 * draw.uniform() - 1', 'draw.uniform()', 'uniform noise has both signs'],
    ['noise-blocks', 'const blockSide = 4;', 'const blockSide = 3;', 'blocks are 4 x 4 pixels'],
  ]),
  ...plantedIn('shared/attacks/house.ts', { test: held, named: 'house' }, [
    [
      'house-relu',
      'clean.every((value, i) => value >= 0',
      'clean.some((value, i) => value >= 0',
      'only logits that are never negative are not centred',
    ],
    ['house-batches', '(batchTo - batch) * progress', '(batchTo - batch) * (1 - progress)', 'batches grow'],
    [
      'house-pick',
      'sureness[b] - sureness[a] || a - b',
      'sureness[a] - sureness[b] || a - b',
      'the surest photos are picked',
    ],
  ]),
];
