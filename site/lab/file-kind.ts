/** What kind of picture a file is, from its first bytes: for words, not for decoding. */
import { sniffImage } from '#shared/images';

const text = (bytes: Uint8Array, from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));

/** Brands of ISO base media files (ISO/IEC 23008-12, and AV1 Image File Format). */
const brands: Record<string, string> = {
  ...{ heic: 'HEIC', heix: 'HEIC', hevc: 'HEIC', heim: 'HEIC', heis: 'HEIC', mif1: 'HEIF', msf1: 'HEIF' },
  ...{ avif: 'AVIF', avis: 'AVIF' },
};

/** "HEIC", "GIF", "JPEG in CMYK"; null where it is none that is known. */
export function kindOf(bytes: Uint8Array): string | null {
  const known = sniffImage(bytes);
  if (known) {
    const type = { jpeg: 'JPEG', png: 'PNG', webp: 'WebP' }[known.type];
    return known.type === 'jpeg' && known.components === 4
      ? `${type} in CMYK`
      : known.animated
        ? `moving ${type}`
        : type;
  }
  if (text(bytes, 4, 8) === 'ftyp') return brands[text(bytes, 8, 12)] ?? null;
  if (text(bytes, 0, 4) === 'GIF8') return 'GIF';
  if (text(bytes, 0, 2) === 'BM') return 'BMP';
  if (['II*\0', 'MM\0*'].includes(text(bytes, 0, 4))) return 'TIFF';
  if (/^\s*<(\?xml|svg)/.test(text(bytes, 0, 64))) return 'SVG';
  return null;
}

/** Why a browser may not read it, and what to do, as sentences. */
export function adviceFor(name: string, kind: string | null): string {
  if (kind === 'HEIC' || kind === 'HEIF')
    return `${name} is ${kind}, as phones save photographs, and this browser does not read that: Safari does. Share it as JPEG, or let the camera save “most compatible”.`;
  const what = kind ? `${name}, which is ${kind}` : `${name} as a picture`;
  return `This browser cannot read ${what}. Save it as JPEG or PNG and choose that.`;
}
