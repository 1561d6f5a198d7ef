/** The usual ways in which models want their pixels scaled. */
import type { Preprocessing } from '#shared/release';

/** How pixels are scaled, without size and layout, which the graph tells. */
export type Normalisation = Pick<Preprocessing, 'mean' | 'std' | 'range' | 'channelOrder'>;

/** What an input can be given: three channels or one, numbers or whole pixel values alone. */
export interface ScaledInput {
  channels: 'colour' | 'grey';
  isWhole: boolean;
}

type Triple = [number, number, number];
const grey = (value: number): Triple => [value, value, value];

/** Red, green, blue; every one is tried in both orders of channels, except where nobody uses it so. */
const usual: { name: string; range: 1 | 255; mean: Triple; std: Triple; rgbOnly?: boolean }[] = [
  { name: 'ImageNet mean and std', range: 1, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  { name: '-1..1', range: 255, mean: grey(127.5), std: grey(127.5) },
  { name: '(pixel - 127) / 128', range: 255, mean: grey(127), std: grey(128) },
  { name: '0..1', range: 1, mean: grey(0), std: grey(1) },
  { name: '0..255', range: 255, mean: grey(0), std: grey(1) },
  { name: 'Caffe means', range: 255, mean: [123.68, 116.779, 103.939], std: grey(1) },
  {
    name: 'CLIP mean and std',
    range: 1,
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
    rgbOnly: true,
  },
  {
    name: 'CIFAR-10 mean and std',
    range: 1,
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.247, 0.2435, 0.2616],
    rgbOnly: true,
  },
  // The mean of the std of each picture, which much code has in its place.
  {
    name: 'CIFAR-10 mean and smaller std',
    range: 1,
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.2023, 0.1994, 0.201],
    rgbOnly: true,
  },
  {
    name: 'CIFAR-100 mean and std',
    range: 1,
    mean: [0.5071, 0.4865, 0.4409],
    std: [0.2673, 0.2564, 0.2762],
    rgbOnly: true,
  },
];

/** What `guess` tries, named by scale and order. */
export const usualNormalisations: { name: string; normalisation: Normalisation }[] = usual.flatMap(
  ({ name, range, mean, std, rgbOnly }) => [
    { name: `${name}, RGB`, normalisation: { range, mean, std, channelOrder: 'RGB' as const } },
    ...(rgbOnly
      ? []
      : [
          {
            name: `${name}, BGR`,
            normalisation: {
              range,
              mean: mean.toReversed() as Triple,
              std: std.toReversed() as Triple,
              channelOrder: 'BGR' as const,
            },
          },
        ]),
  ],
);

/** Those of the usual ones that an input can have: a grey one has one value, and whole numbers are not scaled. */
export function normalisationsFor({ channels, isWhole }: ScaledInput): typeof usualNormalisations {
  const all = usualNormalisations.filter(
    ({ normalisation: { mean, std, range } }) =>
      !isWhole || (range === 255 && mean.every((value) => value === 0) && std.every((value) => value === 1)),
  );
  if (channels === 'colour') return all;
  const grey = all.flatMap(({ name, normalisation: { mean, std, range, channelOrder } }) =>
    channelOrder === 'RGB' && new Set(mean).size === 1 && new Set(std).size === 1
      ? [{ name: name.replace(', RGB', ''), normalisation: { range, mean: [mean[0]], std: [std[0]], channelOrder } }]
      : [],
  );
  return isWhole ? grey : [...grey, mnist];
}

/** Of the 60,000 training images, as PyTorch's own example has them. */
const mnist = {
  name: 'MNIST mean and std',
  normalisation: { range: 1 as const, mean: [0.1307], std: [0.3081], channelOrder: 'RGB' as const },
};
