/** `codec` is the only one that is not the picture's fault: the WebAssembly could not be started. */
export type ImageErrorCode = 'unknown-type' | 'unsupported' | 'too-large' | 'not-exact' | 'corrupt' | 'codec';

/** Why bytes did not become a picture. */
export class ImageError extends Error {
  override name = 'ImageError';
  code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
