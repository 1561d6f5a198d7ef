import { type Norm, photoId } from '#shared/release';

const NARROW = '\u202f';

/** 0.864 -> "86.4 %" with a narrow no-break space. */
export const percent = (ratio: number, digits = 1) => `${(ratio * 100).toFixed(digits)}${NARROW}%`;

/** The bounds of an interval in percent: "79.8 to 91.2 %". */
export const interval = ({ low, high }: { low: number; high: number }, digits = 1) =>
  `${(low * 100).toFixed(digits)}\u2013${percent(high, digits)}`;

/** "l-inf 10", "l-2 2000": the norm and its bound in units of 0..255. */
export const bound = ({ norm, epsilon }: { norm: Norm; epsilon: number }) => `l-${norm} ${epsilon}`;

export function bytes(size: number): string {
  if (size < 1000) return `${size}${NARROW}B`;
  if (size < 1e6) return `${(size / 1e3).toFixed(size < 1e4 ? 1 : 0)}${NARROW}kB`;
  return `${(size / 1e6).toFixed(size < 1e8 ? 1 : 0)}${NARROW}MB`;
}

/** A number of at most `digits` decimals, thousands apart: 12,345.6 */
export const number = (value: number, digits = 1) => value.toLocaleString('en', { maximumFractionDigits: digits });

/** "scarlet-macaw.jpg" -> "scarlet macaw": how a photo's file calls itself. */
export const photoName = (file: string) => photoId(file).replaceAll(/[-_]+/g, ' ');

/** "a, b and c" */
export const list = (items: string[]) => new Intl.ListFormat('en-GB').format(items);

/** Where a photo comes from, if that is an address of the web; a release says it in words of anybody's choice. */
export function linkTo(source: string): { href: string; name: string } | null {
  const url = URL.parse(source);
  if (!url || !/^https?:$/.test(url.protocol)) return null;
  return { href: url.href, name: decoded(url.pathname.split('/').at(-1) || source) };
}

/** As a person reads it; as it stands where a "%" begins no character. */
function decoded(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}
