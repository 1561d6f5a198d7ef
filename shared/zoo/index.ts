/** A stranger's model and its labels, in the same words on the command line and on the page. */
export { canvasFor } from './canvas-for.ts';
export { classFinder } from './class-names.ts';
export { describeModel, type Fact, type InspectedFile } from './describe.ts';
export { type Candidate, type Guess, type GuessTask, guessNormalisation } from './guess.ts';
export { guessHead, guessNotes, guessRows, whyNoGuess } from './guess-words.ts';
export { labelsOf, largestLabelFile, otherCount } from './labels.ts';
export { naming } from './naming.ts';
export { type Normalisation, normalisationsFor, type ScaledInput } from './normalisations.ts';
export { modelOf, outside } from './onnx.ts';
export {
  inputFacts,
  numbersIn,
  type Preparation,
  perChannel,
  rawPixels,
  type Tried,
  threeOrOne,
  tryPreparation,
} from './preparation.ts';
