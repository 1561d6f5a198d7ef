/** Memory that several threads read in place. */
export { isShared, sharedBytes, sharedFloats } from './memory.ts';
