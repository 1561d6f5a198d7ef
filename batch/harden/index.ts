/** Hardened networks: a classifier with one more class, decided by what its own channels do over a picture. */
export { auroc, conformalThreshold } from './calibration.ts';
export { type Collected, type CollectTask, collect } from './collect.ts';
export { type Calibration, type DetectorTask, type FittedDetector, fitDetector, scoreOf } from './detector.ts';
export { type Hardened, type HardenProgress, type HardenTask, harden, planOf } from './harden.ts';
export { type GivenPerturbation, givenPerturbations } from './perturbations.ts';
export { render, type Sample } from './samples.ts';
export { checkFree, type WrittenCard, writeHardened } from './write.ts';
