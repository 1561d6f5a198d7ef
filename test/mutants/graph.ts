import { plantedIn } from './mutant.ts';

const rules = 'test/graph/rules.test.ts';
const windows = 'test/graph/windows.test.ts';
const losses = 'test/graph/losses.test.ts';
const exported = 'test/graph/exported.test.ts';

export const graph = [
  ...plantedIn('shared/graph/builder.ts', { test: [rules, 'test/graph/builder.test.ts'] }, [
    [
      'lrn-even',
      'Math.floor((size - 1) / 2)',
      'Math.ceil((size - 1) / 2)',
      'an even LRN window reaches further ahead than back',
    ],
    [
      'lrn-turned',
      'turned ? j * channels + i : i * channels + j',
      'i * channels + j',
      'the gradient of an even LRN window reaches the other way',
    ],
    [
      'sum-to',
      'dim === 1 && own[axis + extra] !== 1',
      'dim === 1 && own[axis] !== 1',
      'broadcast axes are summed where they are',
    ],
  ]),
  ...plantedIn('shared/graph/rules/activations.ts', { test: rules }, [
    ['leaky-default', "step.node, 'alpha', 0.01", "step.node, 'alpha', 0.1", 'LeakyRelu has a slope of 0.01'],
    ['hard-beta-low', '-beta / alpha, (1 - beta)', '-0.5 / alpha, (1 - beta)', 'HardSigmoid begins at -beta / alpha'],
    ['hard-beta-high', '(1 - beta) / alpha)', '0.5 / alpha)', 'HardSigmoid ends at (1 - beta) / alpha'],
    ['hard-alpha', "'alpha', 0.2", "'alpha', 0.25", 'HardSigmoid has a slope of 0.2'],
    ['hard-beta-default', "'beta', 0.5", "'beta', 0.4", 'HardSigmoid has a beta of 0.5'],
    [
      'elu-default',
      "    ({ node }) => attribute(node, 'alpha', 1),",
      "    ({ node }) => attribute(node, 'alpha', 2),",
      'Elu has an alpha of 1',
    ],
    ['selu-gamma', '1.0507009873554805', '1', 'Selu has a gamma of 1.05'],
    ['threshold', "'alpha', 1))])", "'alpha', 0))])", 'ThresholdedRelu has a threshold of 1'],
    [
      'softmax-axis',
      "const axis = attribute(node, 'axis', -1);",
      "const axis = attribute(node, 'axis', 1);",
      'Softmax is over the last axis',
    ],
    [
      'relu-kink',
      'alpha: float(2 ** 100), beta: float(0)',
      'alpha: float(2 ** 100), beta: float(1)',
      'Relu has no gradient at 0 and below',
    ],
    ['celu-alpha', "1 / attribute(node, 'alpha', 1)", "attribute(node, 'alpha', 1)", 'Celu is divided by its alpha'],
  ]),
  ...plantedIn('shared/graph/rules/arithmetic.ts', { test: [rules, windows], named: 'agrees|broadcasting' }, [
    ['mean-count', 'Mean: sum((count) => 1 / count)', 'Mean: sum(() => 1)', 'Mean divides by the number of its inputs'],
    ['max-shared', "b.add('Div', [gradient, count])", 'gradient', 'equal inputs share the gradient'],
    [
      'pow-constant',
      'b.power(x, exponent - 1)',
      'b.power(x, exponent)',
      'the derivative of x^e has the exponent e - 1',
    ],
  ]),
  ...plantedIn('shared/graph/rules/normalisation.ts', { test: [rules, exported] }, [
    [
      'batch-epsilon',
      'Math.sqrt(variances[i] + epsilon)',
      'Math.sqrt(variances[i])',
      'BatchNormalization adds epsilon to the variance',
    ],
    ['lrn-alpha', "'alpha', 1e-4", "'alpha', 1e-2", 'LRN has an alpha of 0.0001'],
    ['lrn-beta', "'beta', 0.75", "'beta', 0.5", 'LRN has a beta of 0.75'],
  ]),
  ...plantedIn('shared/graph/rules/convolution.ts', { test: windows }, [
    ['conv-dilated', 'window.dilations[i] * (taps - 1)', 'taps - 1', 'a dilated kernel reaches further'],
    ['conv-groups', '(g * inputs + c) * perGroup', '(c * perGroup + g) * perGroup', 'groups keep their channels'],
    ['conv-flipped', 'data[to + taps - 1 - t]', 'data[to + t]', 'kernels are turned about'],
    ['conv-rest', 'rest[i] < 0 ? pad - rest[i] : pad', 'pad', 'a rest below zero is cropped'],
  ]),
  ...plantedIn('shared/graph/rules/pooling.ts', { test: windows }, [
    ['average-padding', 'position >= 0 && position < size', 'position < size', 'padding is not counted'],
    [
      'average-included',
      "'count_include_pad', 0) === 1",
      "'count_include_pad', 0) === 2",
      'padding is counted where the model says so',
    ],
    [
      'maximum-shared',
      "b.add('Div', [gradient, masks.reduce",
      "b.add('Mul', [gradient, masks.slice(0, 1).reduce",
      'equal maxima share the gradient',
    ],
  ]),
  ...plantedIn('shared/graph/rules/resampling.ts', { test: [rules, windows] }, [
    [
      'resize-half',
      'half_pixel: (o, { scale }) => (o + 0.5) / scale - 0.5',
      'half_pixel: (o, { scale }) => (o + 0.5) / scale',
      'half_pixel is about the middle of pixels',
    ],
    [
      'resize-cubic',
      "'cubic_coeff_a', -0.75",
      "'cubic_coeff_a', -0.5",
      'cubic interpolation has a coefficient of -0.75',
    ],
    ['resize-nearest', "'nearest_mode', 'round_prefer_floor'", "'nearest_mode', 'floor'", 'the nearest is rounded'],
    [
      'resize-one',
      '(to > 1 ? (o + 0.5) / scale - 0.5 : 0)',
      '(o + 0.5) / scale - 0.5',
      'pytorch_half_pixel takes the first pixel for a single one',
    ],
  ]),
  ...plantedIn('shared/graph/losses.ts', { test: losses }, [
    [
      'margin-negative',
      'b.scalar(-3.4e38), logits]',
      'b.scalar(0), logits]',
      'the margin of logits that are all negative',
    ],
    [
      'margin-own',
      "b.add('Sub', [strongest, own])",
      "b.add('Sub', [own, strongest])",
      'the margin is positive where a photo is misread',
    ],
    [
      'cosine-centre',
      "b.add('Sub', [value, 'centre'])",
      "b.add('Sub', [value, value === 'reference' ? value : 'centre'])",
      'both sides are centred',
    ],
    [
      'cosine-evade',
      "b.add('Sub', [columns(b, logits, own, classes), others])",
      "b.add('Sub', [others, columns(b, logits, own, classes)])",
      'the class "tampered with" is to be behind, not in front',
    ],
    [
      'clamp',
      "b.add('Clip', [loss, '', b.scalar(bound)])",
      "b.add('Clip', [loss, b.scalar(bound)])",
      'a loss is clamped from above',
    ],
  ]),
  ...plantedIn('shared/graph/layers.ts', { test: losses }, [
    [
      'attention',
      'if (onPath.has(node.inputs[1])) continue;',
      '',
      'products of two activations (attention) are no layers',
    ],
    [
      'softmax-follows',
      '.filter((operator) => !probabilities.has(operator))',
      '',
      'probabilities are no activation of a layer',
    ],
    ['activated-twice', 'next.length !== 1 ||', 'next.length < 1 ||', 'what is read twice ends a layer'],
    [
      'norm-half',
      "b.mul(b.add('Log', [energy]), b.scalar(0.5))",
      "b.add('Log', [energy])",
      'the logarithm is of the norm, not of its square',
    ],
  ]),

  ...plantedIn('shared/graph/rules/normalisation.ts', { test: [rules, 'test/graph/cases.test.ts'] }, [
    ['layer-scale', 'b.mul(gradient, z.value), b.shape(scale)', 'gradient, b.shape(scale)', 'the scale has a gradient'],
    ['whiten-mean', "b.add('Sub', [h, b.mean(h, axes)])", 'h', 'what moves all values alike has no gradient'],
    ['batch-variance', 'b.scalar(-0.5)', 'b.scalar(0.5)', 'a larger variance makes values smaller'],
  ]),
  ...plantedIn('shared/graph/gpu.ts', { test: 'test/graph/gpu.test.ts', named: 'on a CPU' }, [
    [
      'gpu-round-even',
      "b.mul(b.add('Floor', [b.mul(low, half)]), b.scalar(2))",
      'low',
      'of two nearest the even one counts',
    ],
    [
      'gpu-group-scale',
      'if (b.model.opset < 21)',
      'if (b.model.opset < 18)',
      'before set 21 groups have their own scales',
    ],
    [
      'gpu-softmax-shift',
      "b.add('Sub', [shifted, b.add('Log'",
      "b.add('Sub', [x, b.add('Log'",
      'the shift is taken off the logits too',
    ],
  ]),
  ...plantedIn('shared/graph/gpu-convolutions.ts', { test: 'test/graph/gpu.test.ts', named: 'on a CPU|kind of node' }, [
    [
      'gpu-conv-threes',
      'inputs === 3 || inputs % 3 !== 0',
      'inputs % 3 === 0',
      'channels are not read in threes beyond three',
    ],
    [
      'gpu-conv-groups',
      'own % vectorOf(outputs) === 0) return',
      'own % 1 === 0) return',
      'no vector crosses the border of a group',
    ],
    [
      'gpu-conv-wanted',
      'Math.floor(i / own) * whole',
      'Math.floor(i / own) * own',
      'spare channels are those that are dropped',
    ],
  ]),
  ...plantedIn('shared/graph/operator-sets.ts', { test: 'test/graph/gpu.test.ts', named: 'kind of node|on a CPU' }, [
    [
      'gpu-set',
      'const served = 19;',
      'const served = 23;',
      'graphs of newer sets are declared as what the provider serves',
    ],
    [
      'gpu-grid-mode',
      "linear: 'bilinear'",
      "linear: 'nearest'",
      'the modes of GridSample have other names in older sets',
    ],
  ]),
  ...plantedIn('shared/graph/narrow.ts', { test: 'test/graph/narrow.test.ts' }, [
    [
      'narrow-compare',
      'inputs: [first, narrowed(second)]',
      'inputs: [widened(first), second]',
      'labels are compared in int32',
    ],
    ['narrow-output', '!isOutput(model, node)', 'true', 'an output keeps its type'],
  ]),
];
