/** Files that other tools read: .npy and .safetensors. */
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
export { type FloatTensor, readSafetensors, writeSafetensors } from './safetensors.ts';
