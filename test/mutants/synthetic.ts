import { plantedIn } from './mutant.ts';

const augment = 'test/synthetic/augment.test.ts';
const twin = 'test/synthetic/phase-twin.test.ts';
const photos = 'test/photos/photos.test.ts';
const attacks = 'test/attacks/attacks.test.ts';

export const synthetic = [
  ...plantedIn('shared/synthetic/random.ts', { test: 'test/synthetic/random.test.ts' }, [
    ['seed-ignored', 'mix(seed ^ 0x9e3779b9)', 'mix(1 ^ 0x9e3779b9)', 'another seed draws other numbers'],
    [
      'stream-ignored',
      'for (const letter of stream) hash',
      'for (const letter of stream.slice(0, 0)) hash',
      'each purpose has a stream of its own',
    ],
    ['normal-variance', 'Math.sqrt(-2 * Math.log', 'Math.sqrt(-1.8 * Math.log', 'normal numbers have variance 1'],
    [
      'normal-kurtosis',
      'Math.cos(2 * Math.PI * uniform())',
      'Math.sign(0.5 - uniform())',
      'normal numbers have the moments of a Gaussian',
    ],
    ['order-biased', 'below(i + 1)', 'below(i)', 'an order may leave things where they are'],
    ['uniform-one', 'bits() / 2 ** 32', 'bits() / (2 ** 32 - 1)', 'uniform numbers stay below 1'],
  ]),
  ...plantedIn('shared/synthetic/augment.ts', { test: augment }, [
    ['turn-sign', 'cos * dx + sin * dy', 'cos * dx - sin * dy', 'turning keeps shapes'],
    [
      'scale-range',
      '0.75 + 0.75 * draw.uniform()',
      '0.75 + 0.5 * draw.uniform()',
      'pictures are made up to 1.5 times as wide',
    ],
    [
      'blur-reach',
      'Math.exp(-0.5 * (i - reach) ** 2)',
      'Math.exp(-8 * (i - reach) ** 2)',
      'the blur has a deviation of one pixel',
    ],
    [
      'middle',
      'part(seen, size, draw, ground), 7 / 8)',
      'part(seen, size, draw, ground), 1)',
      'the middle seven eighths fill the canvas',
    ],
    ['range-deviations', '[62, 58, 52]', '[62, 58, 152]', 'noise has the range of photographs'],
  ]),
  ...plantedIn('shared/synthetic/augment.ts', { test: attacks, named: 'without any prior' }, [
    ['mean-colour', '[123.68, 116.779, 103.939]', '[103.939, 116.779, 123.68]', 'the mean colour is in RGB'],
  ]),
  ...plantedIn('shared/synthetic/phase-twin.ts', { test: twin }, [
    ['twin-seed', "random(seed, 'phase twin')", "random(1, 'phase twin')", 'a twin is drawn from its seed'],
    ['twin-amplitudes', 'setAmplitudes(picture, amplitudes);', '', 'a twin has the spectrum of its picture'],
    [
      'twin-turns',
      'const turns = randomTurns(fourier, plane, seed);',
      'const turns = randomTurns(fourier, plane, seed + v.length); turns.re.fill(1); turns.im.fill(0);',
      'a twin has nothing of the shapes',
    ],
  ]),
  ...plantedIn('shared/fourier/fourier.ts', { test: 'test/fourier/fourier.test.ts' }, [
    [
      'fourier-sign',
      '-Math.sin((2 * Math.PI * k) / size)',
      'Math.sin((2 * Math.PI * k) / size)',
      'the transform turns clockwise',
    ],
    ['fourier-scale', '1 / (this.#size * this.#size)', '1 / this.#size', 'the inverse divides by the number of pixels'],
  ]),
  ...plantedIn('shared/synthetic/pictures.ts', { test: photos }, [
    ['picture-seed', 'random(of.seed, `picture', 'random(1, `picture', 'synthetic pictures are drawn from the seed'],
    ['picture-place', '${kind} ${place}`', '${kind}`', 'each picture is another one'],
  ]),
  ...plantedIn('shared/synthetic/crops.ts', { test: 'test/synthetic/crops.test.ts' }, [
    ['crop-area', '0.08 + 0.92 * draw.uniform()', '0.5 + 0.5 * draw.uniform()', 'crops have 8 to 100 % of the area'],
    ['crop-ratio', 'Math.sqrt(area / ratio)', 'Math.sqrt(area * ratio)', 'crops have sides of 3:4 to 4:3'],
    ['crop-place', 'const top = draw.below(size - height + 1);', 'const top = 0;', 'crops lie anywhere'],
    ['crop-rows', 'first * (1 - row.share) + second * row.share', 'first', 'crops are interpolated down too'],
  ]),
  ...plantedIn('shared/synthetic/procedural.ts', { test: 'test/synthetic/procedural.test.ts' }, [
    ['perlin-fade', 't * t * t * (t * (6 * t - 15) + 10)', 't', "Perlin's curve is smooth"],
    ['perlin-seed', "random(seed, 'perlin')", "random(1, 'perlin')", 'Perlin noise is drawn from its seed'],
    [
      'gabor-wave',
      '(dx * cos + dy * sin)) / of.wave',
      '(dx * cos - dy * sin)) / of.wave',
      'Gabor kernels lie in the direction that is asked for',
    ],
  ]),
];
