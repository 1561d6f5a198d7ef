import { FormatError } from './npy.ts';

/** A list or an object of one byte takes fifty when it is read; the largest manifest has a hundred thousand. */
const mostContainers = 1_000_000;
/** What is said of bytes that are not read as JSON, for whichever of the two reasons. */
export const notReadAsJson = `is not JSON, or has more than ${mostContainers} lists and objects`;

/**
 * Counts lists and objects before JSON from outside is parsed: brackets in texts count too, of which there are few.
 * @throws FormatError for more than a million
 */
export function checkJson(bytes: Uint8Array): void {
  let containers = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0x5b || bytes[i] === 0x7b) containers++;
  if (containers > mostContainers) throw new FormatError(`it has more than ${mostContainers} lists and objects`);
}
