/** The zoo: model cards, the files behind them, and their prepared graphs. */
export { type AddedModel, addModel, type NewCard, type Unscaled } from './add.ts';
export { listCards, loadCard, type ZooModel, zooFolder } from './cards.ts';
export { type FetchProgress, fetchModel } from './fetch.ts';
export { cacheFolder, isFetched, modelPath, readModelBytes } from './files.ts';
export type { LossCheck } from './gradient-check.ts';
export type { Inspected } from './graph-work.ts';
export { hardenedModel, statisticsModel } from './harden.ts';
export type { StatisticsModel } from './harden-work.ts';
export { type LabelledPhotos, loadLabelledPhotos } from './labelled-photos.ts';
export type { OnnxFile } from './onnx.ts';
export { prepareModel } from './prepare.ts';
export type { PreparedModel } from './prepare-work.ts';
export { graphsApart } from './surrogates.ts';
export { type Floats, openBatch, type Product } from './vjp.ts';
export { type CheckWork, checkWork, type GraphWork, graphWork, type VjpWork, vjpWork } from './work.ts';
