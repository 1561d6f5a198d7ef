/** The zoo: model cards, the files behind them, and their prepared graphs. */
export { type AddedModel, addModel, type NewCard, type Unscaled } from './add.ts';
export { listCards, loadCard, type ZooModel, zooFolder } from './cards.ts';
export { type FetchProgress, fetchModel } from './fetch.ts';
export { isFetched, modelPath, readModelBytes } from './files.ts';
export { type Inspected, type PreparedModel, prepareCard } from './graph-work.ts';
export {
  type Candidate,
  type Guess,
  guessNormalisation,
  type Normalisation,
  usualNormalisations,
} from './guess.ts';
export { type LabelledPhotos, loadLabelledPhotos } from './labelled-photos.ts';
export { naming, type OnnxFile, readOnnx } from './onnx.ts';
export { type GraphWork, graphWork, prepareModel } from './prepare.ts';
