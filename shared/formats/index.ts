/** Files that other tools read: .npy and .safetensors, and JSON from outside. */
export { bfloat16, float16 } from './half.ts';
export { checkJson, notReadAsJson } from './json.ts';
export {
  FormatError,
  type NpyArray,
  type NpyHeader,
  npyHeader,
  readNpy,
  readNpyHeader,
  type TypedArray,
  writeNpy,
} from './npy.ts';
export { type FloatTensor, readSafetensors, readTensors, writeSafetensors } from './safetensors.ts';
