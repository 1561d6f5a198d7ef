/** From a request's body to a canvas, and from a canvas to a file, within the memory of an isolate. */
export { Admission } from './admission.ts';
export { announcedBytes, hasBody, readImage } from './body.ts';
export { checkBeginning, checkImage, decodeCanvas, decoderMemory, encodeCanvas } from './decode.ts';
