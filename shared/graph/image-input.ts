// What a model's input says about the pixels that it wants: its shape, and a guess of how they are preprocessed.

import type { Preprocessing } from '../release/model-card.ts';
import type { InputForm } from './input-form.ts';
import type { Dim, Model, Node } from './model.ts';
import { type ElementType, numbers, sizeOf, type Tensor } from './tensor.ts';

export interface ImageInput {
  name: string;
  shape: Dim[];
  type: ElementType;
  /** null where nothing tells. */
  layout: Preprocessing['layout'] | null;
  /** Height and width in pixels where they are known and the same. */
  size: number | null;
  height: number | null;
  width: number | null;
  channels: number | null;
  /** Images in one run: as many as the file was exported for, or any. */
  batch: number | 'any';
}

/**
 * What the file declares of its first input.
 * @param form what was found out of it, where it is an image
 */
export function imageInputOf(model: Model, form?: InputForm): ImageInput {
  const [input] = model.inputs;
  const shape = input?.shape ?? [];
  const [batch, first, , last] = shape;
  const layout = shape.length !== 4 ? null : first === 3 ? 'NCHW' : last === 3 ? 'NHWC' : null;
  const channels = shape.length !== 4 ? undefined : layout === 'NHWC' ? last : first;
  const known = form?.assumed === false ? form : undefined;
  return {
    name: input?.name ?? '',
    shape,
    type: input?.type ?? 'float32',
    layout: form?.layout ?? layout,
    size: known && known.height === known.width ? known.height : null,
    height: known?.height ?? null,
    width: known?.width ?? null,
    channels: form ? (form.channels === 'grey' ? 1 : 3) : typeof channels === 'number' ? channels : null,
    batch: typeof batch === 'number' ? batch : 'any',
  };
}

export interface PreprocessingGuess {
  range: Preprocessing['range'];
  /** In the unit of range and in channelOrder, as in a card. */
  mean: readonly number[];
  std: readonly number[];
  channelOrder: Preprocessing['channelOrder'];
  /** What the guess goes by. */
  reason: string;
}

const alike = (value: number): number[] => [value, value, value];

/** How the models of a tool usually want their pixels. */
interface Habit {
  /** In the producer or the name that the tool writes into its files. */
  pattern: RegExp;
  who: string;
  guess: Omit<PreprocessingGuess, 'reason'>;
}

const torch: Habit = {
  pattern: /torch/i,
  who: 'models of torchvision and timm mostly want the mean and std of ImageNet',
  guess: { range: 1, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], channelOrder: 'RGB' },
};
const tensorFlow: Habit = {
  pattern: /tf2onnx|keras|tensorflow/i,
  who: 'models of TensorFlow and Keras mostly want -1..1',
  guess: { range: 255, mean: alike(127.5), std: alike(127.5), channelOrder: 'RGB' },
};
const tensorFlowLite: Habit = {
  pattern: /tf-?lite|efficientnet[-_]?lite/i,
  who: 'models of TensorFlow Lite mostly want (pixel - 127) / 128',
  guess: { range: 255, mean: alike(127), std: alike(128), channelOrder: 'RGB' },
};
const caffe: Habit = {
  pattern: /caffe/i,
  who: 'Caffe and Caffe2 mostly subtract the mean of ImageNet from BGR in 0..255',
  guess: { range: 255, mean: [103.939, 116.779, 123.68], std: alike(1), channelOrder: 'BGR' },
};

/**
 * How the model probably wants its pixels: by what its first nodes do to them, else by the habits of the tool that
 * wrote the file. Only labelled photos can tell for sure.
 *
 * @param model with its constants folded
 * @param input what is known of its input
 */
export function guessPreprocessing(model: Model, { type, layout, channels }: ImageInput): PreprocessingGuess {
  const asFiles: Omit<PreprocessingGuess, 'reason'> = { range: 255, mean: [0], std: [1], channelOrder: 'RGB' };
  const spread = (guess: PreprocessingGuess): PreprocessingGuess =>
    channels === 1 || guess.mean.length === 3 ? guess : { ...guess, mean: alike(0), std: alike(1) };
  if (type !== 'float32') return spread({ ...asFiles, reason: `its input is ${type}: pixels as files have them` });
  const builtIn = builtInNormalisation(model);
  if (builtIn) return spread({ ...asFiles, ...builtIn });
  if (channels === 1)
    return {
      ...asFiles,
      range: 1,
      reason: 'nothing in the file tells, and networks of grey pictures mostly want 0..1',
    };
  const names = `${model.producer} ${model.name}`.trim();
  const habit = [tensorFlowLite, caffe, tensorFlow, torch].find(({ pattern }) => pattern.test(names));
  if (habit) return { ...habit.guess, reason: `written by "${names}": ${habit.who}` };
  if (layout === 'NHWC')
    return { ...tensorFlow.guess, reason: `channels come last, as in TensorFlow: ${tensorFlow.who}` };
  return { ...torch.guess, reason: 'nothing in the file tells, and the mean and std of ImageNet are the commonest' };
}

const passing = new Set([
  'Identity',
  'Cast',
  'Transpose',
  'Gather',
  'Concat',
  'Split',
  'Squeeze',
  'Unsqueeze',
  'Reshape',
  'Slice',
]);

/** Whether the model begins with arithmetic on each channel, and what range its pixels must then have. */
function builtInNormalisation(model: Model): Pick<PreprocessingGuess, 'range' | 'reason'> | undefined {
  const firstReader = new Map<string, Node>();
  for (const node of model.nodes)
    for (const name of node.inputs) if (!firstReader.has(name)) firstReader.set(name, node);
  let value = model.inputs[0]?.name;
  let scale = 1;
  let offset = 0;
  const steps: string[] = [];
  for (;;) {
    const next = firstReader.get(value);
    if (!next) break;
    if (!passing.has(next.operator)) {
      const step = affine(next, value, model.constants);
      if (!step) break;
      scale *= step.scale;
      offset = offset * step.scale + step.offset;
      steps.push(next.operator);
    }
    value = next.outputs[0];
  }
  if (steps.length === 0) return undefined;
  // From 0..255 a std of ImageNet or a division by 127.5 scales by less than 0.02; from 0..1 by 2 and more. Where only
  // a mean is subtracted, it tells.
  const range = Math.abs(scale) < 0.1 || (scale === 1 && Math.abs(offset) > 2) ? 255 : 1;
  return {
    range,
    reason: `its first nodes (${steps.join(', ')}) normalise pixels of 0..${range} themselves`,
  };
}

/** The node as scale * x + offset, averaged over channels; undefined where it is none of that. */
function affine(
  node: Node,
  x: string,
  constants: ReadonlyMap<string, Tensor>,
): { scale: number; offset: number } | undefined {
  const mean = (name: string): number | undefined => {
    const tensor = constants.get(name);
    // One number, or one for each channel: anything larger belongs to the network.
    if (!tensor || sizeOf(tensor.shape) > 3) return undefined;
    const values = numbers(tensor);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const [first, second, ...rest] = node.inputs;
  if (node.operator === 'BatchNormalization') {
    const [gain, bias, average, variance] = [second, ...rest].map(mean);
    if (gain === undefined || bias === undefined || average === undefined || variance === undefined) return undefined;
    const scale = gain / Math.sqrt(variance + 1e-5);
    return { scale, offset: bias - average * scale };
  }
  const other = mean(first === x ? second : first);
  if (other === undefined) return undefined;
  switch (node.operator) {
    case 'Add':
      return { scale: 1, offset: other };
    case 'Sub':
      return first === x ? { scale: 1, offset: -other } : { scale: -1, offset: other };
    case 'Mul':
      return { scale: other, offset: 0 };
    case 'Div':
      return first === x ? { scale: 1 / other, offset: 0 } : undefined;
    default:
      return undefined;
  }
}
