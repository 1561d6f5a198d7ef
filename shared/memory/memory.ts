/** A browser has shared memory only on pages that are isolated from other origins; elsewhere ordinary memory does. */
const buffer = (bytes: number): ArrayBufferLike =>
  typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);

/** Floats that threads read in place, where the platform can share memory. */
export const sharedFloats = (length: number): Float32Array => new Float32Array(buffer(4 * length));

/** Bytes that threads read in place, where the platform can share memory. */
export const sharedBytes = (length: number): Uint8Array => new Uint8Array(buffer(length));

export const isShared = (view: ArrayBufferView): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && view.buffer instanceof SharedArrayBuffer;
