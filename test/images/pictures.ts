import { crc32, deflateSync } from 'node:zlib';

const base64 = (text: string) => Uint8Array.from(Buffer.from(text, 'base64'));

/** Written by Pillow 12: 5x3 pixels of red 0,50,..200 across, green 0,90,180 down; alpha 255,0,128,255,255 across. */
export const webpWithAlpha = base64(
  'UklGRkoAAABXRUJQVlA4TD0AAAAvBIAAEHcgEEjyB5lgWIFAMlP+DDMFgQBFlstyoROkcBjP+gVBCjAVycZ7D79GFqVkUUkWwSL6H9V+nzsBAA==',
);
/** The same colours, opaque, to be turned clockwise by its EXIF. */
export const webpTurned = base64(
  'UklGRm4AAABXRUJQVlA4WAoAAAAIAAAABAAAAgAAVlA4TC0AAAAvBIAAAHdAkG0zwBPUn+UMIxPz34ME1gswCACJQMWSQgrBpbDCqBH9Dw859gUARVhJRhoAAABNTQAqAAAACAABARIAAwAAAAEABgAAAAAAAA==',
);
/** 16x8, lossy. */
export const webpLossy = base64(
  'UklGRlYAAABXRUJQVlA4IEoAAABwAgCdASoQAAgAAUAmJbACdLoB+AH4gAMx13/oAP7+v36ON4ttcI2fpmnKyEB/8h5fy4dtP5cUxN/fp3vev6j321/YGwaCDIAAAA==',
);
export const webpAnimated = base64(
  'UklGRr4AAABXRUJQVlA4WAoAAAASAAAABAAAAgAAQU5JTQYAAAAAAAAAAABBTk1GRgAAAAAAAAAAAAQAAAIAAAAAAAJWUDhMLQAAAC8EgAAAd0CQbTPAE9Sf5QwjE/PfgwTWCzAIAIlAxZJCCsGlsMKoEf0PDzn2BQBBTk1GRAAAAAAAAAAAAAQAAAIAAAAAAABWUDhMKwAAAC8EgAAQVyAQIATKlShiZGL+CSZpqu0YwLB/gEzAMrqXNiropIKI/kdvIBMA',
);
/** 8x8. */
export const jpegCmyk = base64(
  '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAbEhQXFBEbFxYXHhwbIChCKyglJShROj0wQmBVZWRfVV1baniZgWpxkHNbXYW1hpCeo6utq2eAvMm6pseZqKuk/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwDo6sVk1u1//9k=',
);
export const gif = base64(
  'R0lGODdhBQADAIMAADIAAAAAAABaAAC0AGQAAGRaAGS0AJYAAJZaAJa0AMgAAMhaAMi0AAAAAAAAAAAAACwAAAAABQADAAAIFAADACBwQIEAAAUQLBgAwEACBgEBADs=',
);

/** A PNG file of the given header and scan lines, a filter byte before each line. */
export function png(
  header: { width: number; height: number; bitDepth: number; colour: number },
  lines: number[],
  more: [name: string, content: number[]][] = [],
): Uint8Array {
  const { width, height, bitDepth, colour } = header;
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(width, 0);
  ihdr.writeUInt32BE(height, 4);
  ihdr.set([bitDepth, colour, 0, 0, 0], 8);
  return Uint8Array.from(
    Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      chunk('IHDR', ihdr),
      ...more.map(([name, content]) => chunk(name, Buffer.from(content))),
      chunk('IDAT', deflateSync(Buffer.from(lines))),
      chunk('IEND', Buffer.alloc(0)),
    ]),
  );
}

function chunk(name: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** EXIF data with the orientation, and a thumbnail's end-of-image marker, as cameras write it. */
export function exif(orientation: number, order: 'II' | 'MM' = 'MM'): number[] {
  const u16 = (value: number) => (order === 'MM' ? [value >> 8, value & 255] : [value & 255, value >> 8]);
  const u32 = (value: number) => (order === 'MM' ? [0, 0, ...u16(value)] : [...u16(value), 0, 0]);
  const entry = [...u16(0x0112), ...u16(3), ...u32(1), ...u16(orientation), 0, 0];
  return [...Buffer.from(order), ...u16(42), ...u32(8), ...u16(1), ...entry, ...u32(0), 0xff, 0xd8, 0xff, 0xd9];
}

/** A JPEG file with EXIF data put before all else. */
export function withExif(jpeg: Uint8Array, data: number[]): Uint8Array {
  const content = [...Buffer.from('Exif\0\0', 'latin1'), ...data];
  const length = content.length + 2;
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, length >> 8, length & 255, ...content, ...jpeg.subarray(2)]);
}
