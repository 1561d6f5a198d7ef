/** What the first bytes of an image file say, read without decoding it. */
export interface ImageHeader {
  type: 'jpeg' | 'png' | 'webp';
  /** As stored, before orientation. */
  width: number;
  height: number;
  /** EXIF orientation, 1..8; 1 is upright. */
  orientation: number;
  animated: boolean;
  /** Bits per channel. */
  bitDepth: number;
  /** Channels of a JPEG: 1 grey, 3 colour, 4 CMYK. */
  components: number;
  /** How a JPEG is coded: the number of its start-of-frame marker (ITU T.81, table B.1). */
  process: number;
}
