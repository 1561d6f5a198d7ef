/** Pictures: decoding, canvas geometry, perturbing, norms and distortion. The same pixels on every platform. */
export { type CanvasFit, canvasFromRgba } from './canvas.ts';
export {
  type CodecModules,
  type Codecs,
  checkHeader,
  createCodecs,
} from './codecs.ts';
export { type Distortion, distortion } from './distortion.ts';
export { sniffImage } from './header.ts';
export { ImageError, type ImageErrorCode } from './image-error.ts';
export type { ImageHeader } from './image-header.ts';
export { amplifyToRgba, applyPerturbation, l2Norm, linfNorm, perturb, project } from './perturb.ts';
export { canvasToRgba, mirrored, type Rgba, round8 } from './pixels.ts';
export { type Contribution, contributions } from './resample.ts';
