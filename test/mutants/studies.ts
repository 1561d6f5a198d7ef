import { plantedIn } from './mutant.ts';

const plan = 'test/studies/plan.test.ts';
const run = 'test/studies/run.test.ts';
const findings = 'test/analyses/findings.test.ts';
const analyses = 'test/analyses/analyses.test.ts';
const hardened = 'test/studies/hardened.test.ts';

export const studies = [
  ...plantedIn('batch/studies/planner.ts', { test: plan }, [
    [
      'crafting-half',
      'crafting: this.crafting, budget',
      'crafting: this.evaluation, budget',
      'perturbations are crafted on crafting photos',
    ],
    [
      'craft-seed',
      'norm, epsilon, seed, canvas: this.canvas',
      'norm, epsilon, seed: 1, canvas: this.canvas',
      'the seed is part of the key of a craft',
    ],
    [
      'measured-half',
      '          photos: this.evaluation,',
      '          photos: this.crafting,',
      'perturbations are measured on evaluation photos',
    ],
    [
      'distortion-half',
      'photos: this.evaluation, perturbation: this.crafted(perturbation) }',
      'photos: this.crafting, perturbation: this.crafted(perturbation) }',
      'PSNR and SSIM are of evaluation photos',
    ],
    ['attack-code', 'code: [method.source],', '', 'the file of an attack is part of the code of its crafts'],
  ]),
  ...plantedIn('batch/studies/steps/content.ts', { test: run, named: 'of a run|shows photos' }, [
    [
      'example-place',
      'names.indexOf(photo);',
      'names.indexOf(photo) * 0;',
      'an example shows what the model says of its photo, not of photo 0',
    ],
    [
      'example-canvas',
      'pixels.subarray(names.indexOf(name) * plane)',
      'pixels.subarray(0 * plane)',
      'an example shows its photo, not photo 0',
    ],
    [
      'example-publish',
      'study.photos.publish && credits.has(name)',
      'credits.has(name)',
      'photos are shown only where the study says so',
    ],
    [
      'example-fooled',
      'fooled: changedBy(clean, perturbed)[place]',
      'fooled: changedBy(perturbed, clean)[0]',
      'fooled is told of the photo that is shown',
    ],
    [
      'record-rows',
      'transfer.filter((row) => row.perturbation === id)',
      'transfer',
      'a record has the rows of its own perturbation',
    ],
  ]),
  ...plantedIn('batch/studies/steps/each-photo.ts', { test: run, named: 'records of a run' }, [
    [
      'distortion-some',
      'index < total; index++',
      'index < Math.min(total, 3); index++',
      'PSNR and SSIM are means of all photos',
    ],
  ]),
  ...plantedIn('batch/studies/steps/distortion.ts', { test: run, named: 'records of a run' }, [
    [
      'distortion-rounded',
      'distortion(clean, applyPerturbation(clean, v))',
      'distortion(clean, Float32Array.from(clean, (value, i) => value + v[i]))',
      'distortion is measured on whole pixels',
    ],
  ]),
  ...plantedIn(
    'batch/studies/steps/craft.ts',
    { test: [plan, run], named: 'how long|measures nothing again|shows photos' },
    [
      ['craft-linf', 'linf: linfNorm(v), l2', 'linf: epsilon, l2', 'the norms are those of v'],
      [
        'craft-identity',
        '({ seconds: _seconds, ...result }) => result',
        '(result) => result',
        'how long it took is no part of what it is',
      ],
    ],
  ),
  ...plantedIn('batch/studies/perturbations.ts', { test: plan }, [
    ['draws-seed', 'seed: seed + draw }', 'seed }', 'further draws have seeds of their own'],
    ['draws-number', 'const noiseDraws = 3;', 'const noiseDraws = 1;', 'three draws of noise'],
    ['draws-light', '!isPattern(one) && isAlike(one)', '!isPattern(one)', 'draws are of the same bound'],
    ['control-plain', 'isControl(plain.attack, plain.settings)', 'true', 'noise of another distribution is no control'],
    ['twice', 'if (ids.has(id)) {', 'if (false) {', 'two perturbations of one id are refused'],
    [
      'seeds',
      'for (const seed of wanted.seeds)',
      'for (const seed of wanted.seeds.slice(0, 1))',
      'each seed is crafted',
    ],
  ]),
  ...plantedIn('batch/studies/craft-work.ts', { test: plan }, [
    ['work-forwards', '(isKnown ? 1 : 3)', '(isKnown ? 1 : 2)', 'clean, mirrored and perturbed predictions'],
  ]),
  ...plantedIn('batch/studies/planner.ts', { test: 'test/studies/looked.test.ts' }, [
    ['looked-drawn', '...(photos !== 0 && {', '...(true && {', 'drawn pictures are no photos'],
  ]),
  ...plantedIn('batch/studies/steps/craft.ts', { test: 'test/studies/looked.test.ts' }, [
    [
      'looked-rows',
      'all.subarray(2 * photo * classes, 2 * (photo + 1) * classes)',
      'all.subarray(2 * position * classes, 2 * (position + 1) * classes)',
      'a craft on some of the photos knows what is said of those',
    ],
  ]),
  ...plantedIn('batch/analyses/transfer.ts', { test: analyses, named: 'transfer row' }, [
    [
      'lost-noise',
      'lostOf(right, clean, cell.noise)',
      'lostOf(right, clean, perturbed)',
      'noise is held to the same photos',
    ],
    [
      'right-clean',
      'clean.labels[i] === label ?',
      'perturbed.labels[i] === label ?',
      'right is what is right without the perturbation',
    ],
    [
      'noise-of',
      'foolingOf(clean, cell.noise)',
      'foolingOf(perturbed, cell.noise)',
      'noise is held to the clean labels',
    ],
  ]),
  ...plantedIn(
    'batch/analyses/grid.ts',
    { test: [findings, analyses, run], named: 'true class|controls|every perturbation' },
    [
      [
        'truth-order',
        'wnids?.some((wnid) => wnid) ? wnids : classes',
        'classes',
        "a target's own order of classes counts",
      ],
      ['grid-transposed', 'grid.measured[i][k]', 'grid.measured[i][0]', 'each target has its own predictions'],
      ['grid-noise', 'study.control(perturbation))', 'perturbation)', 'noise is measured, not the perturbation again'],
    ],
  ),
  ...plantedIn('batch/analyses/dominance.ts', { test: analyses, named: 'dominant' }, [
    [
      'dominance-changed',
      'if (label !== clean.labels[i]) counts',
      'counts',
      'photos that keep their label do not count',
    ],
  ]),
  ...plantedIn('batch/analyses/controls.ts', { test: analyses, named: 'controls' }, [
    ['controls-share', 'foolingOf(clean, control)', 'foolingOf(clean, perturbed)', "the ratio is the control's"],
  ]),
  ...plantedIn('batch/analyses/measure.ts', { test: analyses, named: 'measure' }, [
    [
      'measured-indices',
      'indices.map((photo) =>',
      'indices.map((_, photo) =>',
      'the photos that are asked for are measured',
    ],
    ['measured-probability', 'softmax(row)[labels[i]]', 'softmax(row)[0]', 'the probability is that of the label'],
  ]),

  ...plantedIn('batch/studies/planner.ts', { test: plan }, [
    [
      'craft-provider',
      'budget, photos, provider: this.options.provider }',
      "budget, photos, provider: 'any' }",
      'results depend on the provider',
    ],
    [
      'craft-photos',
      'budget, photos, provider',
      'budget, photos: 0, provider',
      'the number of crafting photos is part of the key',
    ],
    [
      'prepared-source',
      '...{ source, preparation:',
      '...{ source: id, preparation:',
      "a model's file is part of the key",
    ],
  ]),
  ...plantedIn('batch/studies/steps/photos.ts', { test: run, named: 'of a run' }, [
    [
      'half-ignored',
      'canvas, fit, half, signal }',
      'canvas, fit, signal }',
      'a half of the photos is read, not all of them',
    ],
  ]),
  ...plantedIn('batch/studies/steps/content.ts', { test: run, named: 'of a run|shows photos' }, [
    [
      'record-photos',
      'crafting: { photos, sha256',
      'crafting: { photos: photos + 1, sha256',
      'a record says how many photos crafted',
    ],
  ]),
  ...plantedIn('batch/studies/hardened.ts', { test: hardened, named: 'a hardened network' }, [
    [
      'learnt-hardened',
      '!one.surrogates.some(isHardened)',
      'one.id.length > 0',
      'nothing that was crafted on a hardened network is learnt from',
    ],
    ['held-out', 'Math.floor(crafted.length / 3)', 'Math.floor(crafted.length / 9)', 'a third is held out'],
  ]),
  ...plantedIn('batch/studies/planner.ts', { test: hardened, named: 'a hardened network' }, [
    [
      'harden-half',
      'crafting: this.crafting, rate',
      'crafting: this.evaluation, rate',
      'hardened networks learn from crafting photos',
    ],
    [
      'harden-again',
      'learnt: [...first.learnt, ...further]',
      'learnt: further',
      'a network that is hardened again learns from what it learnt from',
    ],
  ]),
  ...plantedIn('batch/analyses/tampered.ts', { test: 'test/analyses/tampered.test.ts' }, [
    [
      'tampered-kept',
      'photos - tampered - fooled',
      'photos - tampered',
      'a photo is kept, caught or fooled, and one of these',
    ],
    [
      'tampered-plain',
      'detection.beneath[i] !== clean.detection.beneath[i]',
      'labels[i] !== clean.labels[i]',
      'the plain network says what lies beneath',
    ],
    [
      'tampered-beside',
      'auroc(beside.detection[score], detection[score])',
      'auroc(clean.detection[score], detection[score])',
      'perturbed photos are told from clean ones that went the same way',
    ],
  ]),
];
