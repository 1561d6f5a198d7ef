/** From a request's body to pixels, within the memory of an isolate. */
export { MAX_BODY_BYTES, readBody } from './body.ts';
export { checkImage, decodeImage } from './decode.ts';
