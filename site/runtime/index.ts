/** Running networks in the browser: what there is to run them with, onnxruntime-web, and downloads. */
export { download, onProgress } from './download.ts';
export { ortFor } from './ort.ts';
export { remember } from './remember.ts';
export { type ComputeOptions, openCompute, reasonOf } from './runner.ts';
export { type Runtime, runtimeName, runtimesHere, runtimeTitle } from './runtimes.ts';
