import { plantedIn } from './mutant.ts';

const held = 'test/metrics/metrics.test.ts';

export const metrics = [
  ...plantedIn('shared/metrics/wilson.ts', { test: held }, [
    [
      'wilson-z',
      'const Z = 1.959963984540054;',
      'const Z = 1.6448536269514722;',
      'a two-sided 95 % interval has z = 1.96',
    ],
    [
      'wilson-centre',
      '(ratio + spread / 2) / (1 + spread)',
      '(ratio + spread) / (1 + spread)',
      'the centre is drawn to a half',
    ],
    [
      'wilson-none',
      'return { ratio: 0, low: 0, high: 1 };',
      'return { ratio: 0, low: 0, high: 0 };',
      'no trials say nothing',
    ],
    ['wilson-refuses', '|| successes > trials', '', 'more successes than trials are refused'],
  ]),
  ...plantedIn('shared/metrics/paired.ts', { test: held }, [
    ['mcnemar-one-sided', 'Math.min(1, 2 * atLeast(', 'Math.min(1, 1 * atLeast(', 'the paired test is two-sided'],
    ['mcnemar-all', 'onlyA + onlyB, 0.5)', 'a.length, 0.5)', 'photos on which both agree say nothing'],
    ['binomial-tail', 'if (k >= successes)', 'if (k > successes)', 'the tail includes the number itself'],
    ['mcnemar-smaller', 'Math.max(onlyA, onlyB)', 'Math.min(onlyA, onlyB)', 'the larger side is tested'],
  ]),
  ...plantedIn('shared/metrics/predictions.ts', { test: held }, [
    [
      'argmax-last',
      '> values[offset + best]) best',
      '>= values[offset + best]) best',
      'of equal logits the first is taken',
    ],
    ['argmax-offset', 'values[offset + i] >', 'values[i] >', 'a row begins at its offset'],
    ['softmax-overflow', 'Math.exp(result[i] - largest)', 'Math.exp(result[i])', 'large logits do not overflow'],
    [
      'topk-order',
      'logits[b.index] - logits[a.index]',
      'logits[a.index] - logits[b.index]',
      'the most probable comes first',
    ],
  ]),
  ...plantedIn('shared/metrics/shares.ts', { test: 'test/analyses/tampered.test.ts' }, [
    [
      'caught-fooled',
      'after !== before && after !== tampered',
      'after !== before',
      'whoever is found out has fooled nobody',
    ],
  ]),
  ...plantedIn('shared/metrics/shares.ts', { test: held }, [
    [
      'target-own',
      '(before) => before !== target,',
      '() => true,',
      'photos of the target class do not count towards it',
    ],
    [
      'mean-photos',
      'Math.min(...shares.map((share) => share.photos))',
      'shares.reduce((sum, share) => sum + share.photos, 0)',
      'answers about one photo are one trial',
    ],
  ]),
  ...plantedIn('shared/metrics/controls.ts', { test: 'test/analyses/analyses.test.ts', named: 'controls' }, [
    ['beats-every', 'rows.every((row) =>', 'rows.some((row) =>', 'every draw of every control has to be beaten'],
    ['beats-p', 'row.p < 0.05', 'row.p < 0.5', 'beaten is significant at 5 %'],
    ['beats-sign', 'row.only_perturbation > row.only_control &&', '', 'a control that fools more is not beaten'],
    ['strongest', 'row.fooled > most.fooled ? row', 'row.fooled < most.fooled ? row', 'the strongest draw fools most'],
  ]),
  ...plantedIn('shared/metrics/logits.ts', { test: held }, [
    [
      'logits-row',
      'batch.set(canvas, index * plane);',
      'batch.set(canvas, 0);',
      'every canvas has its place in the batch',
    ],
  ]),
];
