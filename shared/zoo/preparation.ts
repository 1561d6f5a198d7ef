// What a card says of a file: how its input lies, how pixels become it, which output has the scores.
import { chooseScores, type InputForm, type Model, type OutputSaid, prepare, writeModel } from '#shared/graph';
import type { Preprocessing } from '#shared/release';
import type { Normalisation } from './normalisations.ts';

/** The input as a card has it. */
export function inputFacts({
  height,
  width,
  layout,
  channels,
}: Pick<InputForm, 'height' | 'width' | 'layout' | 'channels'>): Pick<
  Preprocessing,
  'inputSize' | 'inputWidth' | 'layout' | 'channels'
> {
  return {
    inputSize: height,
    ...(width !== height && { inputWidth: width }),
    ...(channels === 'grey' && { channels }),
    layout,
  };
}

/** Pixels as files have them. */
export const rawPixels = (channels: InputForm['channels']): Normalisation => ({
  ...{ range: 255, channelOrder: 'RGB' },
  ...{ mean: perChannel([0], channels), std: perChannel([1], channels) },
});

/** One number stands for three where they are alike, and three that are alike for one. */
export function perChannel(values: readonly number[], channels: InputForm['channels']): number[] {
  if (channels === 'colour') return values.length === 1 ? [values[0], values[0], values[0]] : [...values];
  return values.every((value) => value === values[0]) ? [values[0]] : [...values];
}

/** Numbers as people write mean and std; null where they are none. What they are to be says `threeOrOne`. */
export function numbersIn(text: string): number[] | null {
  const parts = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  return [1, 3].includes(parts.length) && parts.every(Number.isFinite) ? parts : null;
}
export const threeOrOne = 'It must be three numbers, as in 0.485,0.456,0.406, or one for all channels.';

/** How pixels become the input, and which output has the scores. */
export type Preparation = Preprocessing & OutputSaid;

/** What a card says of a file besides its input: the trial of all that is said of it, by preparing it. */
export interface Tried {
  classes: number;
  /** Name of the output with the scores, where the file has others. */
  output: string | undefined;
  /** Of the prepared model. */
  bytes: number;
}

/** Prepares the model for a canvas of its own height. @throws GraphError where it cannot be prepared so */
export function tryPreparation(model: Model, preparation: Preparation): Tried {
  const prepared = prepare(model, { ...preparation, canvas: preparation.inputSize });
  const { output } = chooseScores(model, preparation);
  return {
    classes: Number(prepared.outputs[0].shape?.[1]),
    output: model.outputs.length > 1 ? output.name : undefined,
    bytes: writeModel(prepared).byteLength,
  };
}
