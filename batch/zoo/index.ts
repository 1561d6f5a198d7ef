/** The zoo: model cards, the files behind them, and their prepared graphs. */
export { addModel, type NewCard } from './add.ts';
export { listCards, loadCard, type ZooModel, zooFolder } from './cards.ts';
export { type FetchProgress, fetchModel } from './fetch.ts';
export { isFetched, modelPath, readModelBytes } from './files.ts';
export { type PreparedModel, prepareModel } from './prepare.ts';
