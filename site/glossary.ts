/** Words of the field, in plain ones. Dotted terms on the pages lead to them. */
export const glossary = {
  'universal-perturbation': {
    term: 'universal perturbation',
    meaning:
      'One small picture that, added to almost any photograph, makes a network read it as something else. It does not depend on the photograph.',
  },
  'fooling-ratio': {
    term: 'fooling ratio',
    meaning:
      'The share of photographs whose label changes when the perturbation is added. Whether the first label was right plays no part.',
  },
  'l-inf': {
    term: 'l-inf, l-2',
    meaning:
      'Two ways to bound how much a picture changes. l-inf 10: no value of red, green or blue by more than 10 of 255. l-2 2000: the root of the sum of all squared changes is at most 2000.',
  },
  surrogate: {
    term: 'surrogate',
    meaning: 'The network that a perturbation was made on. The network that it is tried on is the target.',
  },
  transfer: {
    term: 'transfer',
    meaning: 'That a perturbation made on one network fools another, which took no part in making it.',
  },
  interval: {
    term: '95 % interval',
    meaning:
      'Where the share would lie if all photographs of this kind could be tried and not a sample: Wilson’s score interval. Large samples have short ones.',
  },
  control: {
    term: 'control',
    meaning:
      'A pattern of the same size that nothing was made into: noise, blocks of signs, or the plate with its phases shuffled. What fools no more than these is no attack.',
  },
  canvas: {
    term: 'canvas',
    meaning:
      'What a network is given: the centre square of a photograph, its short side made 256 pixels long and 224 of them kept, in whole numbers from 0 to 255.',
  },
  psnr: {
    term: 'signal-to-noise ratio (PSNR)',
    meaning: 'How far a changed picture is from the first, in decibels: 30 and more is hard to see in a photograph.',
  },
  ssim: {
    term: 'structural similarity (SSIM)',
    meaning: 'How much of what the eye goes by in a picture is kept, from 0 to 1.',
  },
  seed: {
    term: 'seed',
    meaning:
      'The number that all chance in making a perturbation follows from. Another seed gives another perturbation by the same recipe.',
  },
  edge: {
    term: 'edge',
    meaning:
      'A computer of the network that serves these pages, near to you: it reads a photograph for those whose device does not.',
  },
  hardened: {
    term: 'hardened network',
    meaning:
      'A classifier with one more class, “non-natural or tampered with”, that it answers where it sees a perturbation.',
  },
} as const satisfies Record<string, { term: string; meaning: string }>;

export type TermId = keyof typeof glossary;
