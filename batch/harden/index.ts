/** Hardened networks: a classifier with one more class, decided by what its own channels do over a picture. */
export { conformalThreshold } from './calibration.ts';
export { type Calibration, type DetectorTask, type FittedDetector, fitDetector, scoreOf } from './detector.ts';
export { energies, energiesOf } from './energies.ts';
export { type Hardened, type HardenTask, harden } from './harden.ts';
export { type HardenProgress, type LearningTask, type Learnt, pictureCount, planOf } from './learn.ts';
export { type HardenedPrepared, type HardenPreparedTask, hardenPrepared } from './prepared.ts';
export { render, type Sample } from './samples.ts';
export { checkFree, type WrittenCard, writeHardened } from './write.ts';
