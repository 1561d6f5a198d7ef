import type { Rgba } from './pixels.ts';

/** What a started codec is, as far as decoding and counting its memory go. */
export interface Decoder {
  memory: WebAssembly.Memory;
  /**
   * Decodes, and calls `use` with the picture while it lies in the codec's memory: it is lent, and gone when `use`
   * returns.
   * @throws whatever the codec throws: numbers and strings too
   */
  decode<T>(bytes: Uint8Array, use: (picture: Rgba) => T): T;
}
