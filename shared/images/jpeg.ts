import { ascii, exifOrientation } from './exif.ts';
import type { ImageHeader } from './image-header.ts';

const SCAN = 0xda;
const END = 0xd9;
/** Stuffing in entropy-coded data, TEM, restart markers and a further start of image stand alone, without a segment. */
const standsAlone = (marker: number) => marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);

/**
 * Where the next marker is: at or after `position`; -1 where there is none. Bytes before it are passed over, as by
 * libjpeg, and a marker's 0xff may stand there any number of times.
 */
function nextMarker(bytes: Uint8Array, position: number): number {
  let at = bytes.indexOf(0xff, position);
  if (at < 0) return -1;
  while (bytes[at + 1] === 0xff) at++;
  return at + 1 < bytes.length ? at : -1;
}

/** Segments up to the start of frame (ITU T.81, B.2); APP1 holds EXIF. */
export function jpegHeader(bytes: Uint8Array): ImageHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let orientation = 1;
  for (let position = nextMarker(bytes, 2); position >= 0; ) {
    const marker = bytes[position + 1];
    if (marker === SCAN || marker === END) return null;
    if (standsAlone(marker)) {
      position = nextMarker(bytes, position + 2);
      continue;
    }
    const length = view.getUint16(position + 2);
    const process = processOf(marker);
    if (process !== null) {
      return {
        type: 'jpeg',
        bitDepth: view.getUint8(position + 4),
        height: view.getUint16(position + 5),
        width: view.getUint16(position + 7),
        components: view.getUint8(position + 9),
        ...{ process, orientation, animated: false },
      };
    }
    if (marker === 0xe1 && length >= 14 && ascii(view, position + 4) === 'Exif')
      orientation = exifOrientation(view, position + 10, position + 2 + length) ?? orientation;
    if (length < 2) return null;
    position = nextMarker(bytes, position + 2 + length);
  }
  return null;
}

/** DHT, JPG and DAC lie among the start-of-frame markers; JPEG-LS (ITU T.87) has one of its own, SOF55. */
function processOf(marker: number): number | null {
  if (marker === 0xf7) return 55;
  const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
  return isFrame ? marker - 0xc0 : null;
}

/** What people call a JPEG that the decoder does not read, by the number of its start of frame; null for the others. */
export function unreadProcess(process: number): string | null {
  if (process <= 2) return null;
  if (process === 3) return 'lossless';
  if (process === 55) return 'lossless (JPEG-LS)';
  // The fourth of each group is lossless; the second and the last group are hierarchical, the last two arithmetic.
  const words = [
    ...(process % 4 === 3 ? ['lossless'] : []),
    ...(process >= 5 && process <= 7 ? ['hierarchical'] : []),
    ...(process >= 13 ? ['hierarchical'] : []),
    ...(process >= 9 ? ['arithmetic-coded'] : []),
  ];
  return words.join(', ');
}

/**
 * More segments and scans than any camera or encoder writes. A decoder goes through the whole picture for each scan,
 * and through all segments of one kind for each further one.
 */
const MOST_SEGMENTS = 2000;
const MOST_SCANS = 100;

/**
 * Whether a JPEG can be decoded in time, as far as its markers tell. "cut off": the end-of-image marker is missing,
 * where decoders fill what is missing with grey and say nothing. Walked segment by segment, since the thumbnail in EXIF
 * has such a marker too; what some cameras append after it is not looked at.
 */
export function jpegCondition(bytes: Uint8Array): 'complete' | 'cut off' | 'too many parts' {
  let segments = 0;
  let scans = 0;
  for (let position = 2; ; ) {
    position = nextMarker(bytes, position);
    if (position < 0) return 'cut off';
    const marker = bytes[position + 1];
    if (marker === END) return 'complete';
    if (standsAlone(marker)) position += 2;
    else {
      if (marker === SCAN) scans++;
      if (++segments > MOST_SEGMENTS || scans > MOST_SCANS) return 'too many parts';
      position += 2 + Math.max(2, (bytes[position + 2] << 8) | bytes[position + 3]);
    }
  }
}
