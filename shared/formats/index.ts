/** Files that other tools read: .npy and .safetensors. */
export { FormatError, type NpyArray, npyHeader, readNpy, type TypedArray, writeNpy } from './npy.ts';
export { type FloatTensor, readSafetensors, writeSafetensors } from './safetensors.ts';
