/** Canvases that need no decoding. */
export interface Canvases {
  names: string[];
  /** [names,3,S,S]. */
  data: Uint8Array;
}
