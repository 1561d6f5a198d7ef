import { readFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import { random } from '#shared/synthetic';
import { exif, gif, jpegCmyk, png, webpAnimated, webpLossy, webpWithAlpha, withExif } from '../images/pictures.ts';
import { gradient, jpegOf, nodeCodecs, webpOf } from './images.ts';
import { sendSlowly } from './slow.ts';

/** An upload that somebody might send who means no good, or does not know better. */
export interface HostileUpload {
  kind: string;
  path: string;
  body: Uint8Array<ArrayBuffer>;
  headers: Record<string, string>;
  /** How it is dripped; undefined: at once. */
  drip?: { bytes: number; everyMs: number };
}

type Draw = ReturnType<typeof random>;

/**
 * Makes uploads: the same seed and number make the same one. Pictures that are mutated, cut off, lie about their size,
 * or are none; forms that are broken.
 *
 * @param shares of uploads that drip or stop, and of uploads of 19 MB, 0 to 1
 */
export async function hostileUploads(
  seed: number,
  shares: { slow: number; large: number },
): Promise<(index: number) => HostileUpload> {
  const codecs = await nodeCodecs();
  const photo = new Uint8Array(readFileSync(new URL('../../zoo/starter/photos/koala.jpg', import.meta.url)));
  const picture = await codecs.decode(photo);
  const grey = { width: 40, height: 30, bitDepth: 8, colour: 0 };
  const originals: Uint8Array[] = [
    photo,
    await jpegOf(gradient(300, 200), { progressive: true }),
    withExif(photo, exif(6)),
    await codecs.encodePng(picture),
    png({ width: 16, height: 16, bitDepth: 16, colour: 6 }, new Array(16 * (1 + 16 * 8)).fill(0)),
    png(grey, new Array(30 * 41).fill(0), [['acTL', [0, 0, 0, 1, 0, 0, 0, 0]]]),
    await webpOf(gradient(60, 40)),
    webpLossy,
    webpWithAlpha,
    webpAnimated,
    jpegCmyk,
    gif,
  ];
  const sized = (width: number, height: number) => png({ width, height, bitDepth: 8, colour: 0 }, []);
  const zeros = (bytes: number) => deflateSync(new Uint8Array(bytes));
  const bombs = [
    withData(sized(8, 8), zeros(50_000_000)),
    withData(sized(2900, 2800), zeros(2800 * 2901)),
    withData(sized(2900, 2800), zeros(1000)),
    withData(sized(4000, 3900), zeros(3900 * 4001)),
  ];

  const makers: Record<string, (draw: Draw) => Partial<HostileUpload>> = {
    mutated: (draw) => {
      const bytes = pick(draw, originals).slice();
      for (let n = 1 + draw.below(8); n > 0; n--) bytes[draw.below(bytes.length)] = draw.below(256);
      return { body: own(bytes) };
    },
    'mutated in its header': (draw) => {
      const bytes = pick(draw, originals).slice();
      for (let n = 1 + draw.below(4); n > 0; n--) bytes[draw.below(Math.min(64, bytes.length))] = draw.below(256);
      return { body: own(bytes) };
    },
    truncated: (draw) => {
      const bytes = pick(draw, originals);
      return { body: own(bytes.subarray(0, draw.below(bytes.length))) };
    },
    'with bytes put in or left out': (draw) => {
      const bytes = pick(draw, originals);
      const at = draw.below(bytes.length);
      const more = Uint8Array.from({ length: draw.below(2000) }, () => draw.below(256));
      return { body: own(Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at + draw.below(200))])) };
    },
    'bomb by its header': (draw) => ({
      body: own(png({ width: 1 + draw.below(65_535), height: 1 + draw.below(65_535), bitDepth: 8, colour: 0 }, [])),
    }),
    // Says a few pixels and inflates to millions of bytes, or is a few kilobytes of millions of pixels.
    'bomb by its content': (draw) => ({ body: own(pick(draw, bombs)) }),
    'JPEG that lies about its size': (draw) => {
      const bytes = photo.slice();
      const frame = bytes.findIndex((byte, i) => byte === 0xff && (bytes[i + 1] === 0xc0 || bytes[i + 1] === 0xc2));
      new DataView(bytes.buffer).setUint16(frame + 5, draw.below(65_536));
      new DataView(bytes.buffer).setUint16(frame + 7, draw.below(65_536));
      return { body: own(bytes) };
    },
    'wrong type': (draw) => {
      const texts = [
        '%PDF-1.7\n',
        '<svg xmlns="http://www.w3.org/2000/svg"/>',
        'http://169.254.169.254/latest',
        '{"url":"file:///etc/passwd"}',
        'PK\u0003\u0004',
        '',
      ];
      const headers = { 'Content-Type': pick(draw, ['image/jpeg', 'application/json', 'text/html', 'image/svg+xml']) };
      return { body: own(new TextEncoder().encode(pick(draw, texts))), headers };
    },
    'random bytes': (draw) => {
      const bytes = Uint8Array.from({ length: draw.below(4000) }, () => draw.below(256));
      bytes.set(
        pick(draw, [[0xff, 0xd8, 0xff], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], []]).slice(0, bytes.length),
      );
      return { body: own(bytes) };
    },
    'broken form': (draw) => {
      const head = '--x\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n';
      const whole = Buffer.concat([Buffer.from(head), photo, Buffer.from('\r\n--x--\r\n')]);
      const cut = whole.subarray(draw.below(60), whole.length - draw.below(200));
      const headers = {
        'Content-Type': pick(draw, [
          'multipart/form-data; boundary=x',
          'multipart/form-data',
          'multipart/form-data; boundary=y',
        ]),
      };
      return { body: own(cut), headers };
    },
    'strange query': (draw) => {
      const queries = [
        'strength=NaN',
        'top=1e9',
        'model=../../x',
        'perturbation=%00',
        'photo=..%2f..%2flatest.json',
        'release=..%2f..',
        'cursor=x',
        'strength=0.1&strength=0.2',
        'perturbation=none&perturbation=none',
        'top=٣',
      ];
      return { path: `/api/v1/${pick(draw, ['classify', 'perturb'])}?${pick(draw, queries)}`, body: own(photo) };
    },
  };
  const names = Object.keys(makers);
  // A picture with as much behind it, and what begins as one; they are sent as they are, and never copied.
  const heavy = shares.large === 0 ? [] : [photo, photo.subarray(0, 3), photo.subarray(0, 0)].map(padded);
  Object.assign(makers, {
    slow: (draw: Draw) => ({ body: own(photo), drip: { bytes: draw.below(500), everyMs: 100 } }),
    large: (draw: Draw) => ({ body: pick(draw, heavy) }),
  });
  return (index) => {
    const draw = random(seed, `upload ${index}`);
    const lot = draw.below(10_000) / 10_000;
    const kind = lot < shares.slow ? 'slow' : lot < shares.slow + shares.large ? 'large' : names[index % names.length];
    const paths = ['perturb', 'identify?top=1', 'classify?perturbation=none&top=1', 'classify?perturbation=none&top=1'];
    const path = `/api/v1/${paths[draw.below(4)]}`;
    return { kind, path, headers: {}, body: new Uint8Array(0), ...makers[kind](draw) };
  };
}

const pick = <T>(draw: Draw, list: T[]): T => list[draw.below(list.length)];
function padded(start: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(19_000_000);
  bytes.set(start);
  return bytes;
}
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);

/** A PNG whose pixels are replaced by other compressed data. */
function withData(file: Uint8Array, data: Uint8Array): Uint8Array {
  const at = Buffer.from(file).indexOf('IDAT') - 4;
  const body = Buffer.concat([Buffer.from('IDAT'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([file.subarray(0, at), length, body, sum, file.subarray(file.length - 12)]);
}

/** What became of an upload. */
export interface Outcome {
  kind: string;
  index: number;
  /** 0: no answer within the time. */
  status: number;
  answer: string;
}

/**
 * Sends uploads one after the other in some lanes at once; tells those that were not answered in time, or by a 5xx that
 * is not 503 with Retry-After.
 */
export async function sendHostile(
  url: string,
  options: {
    seed: number;
    count: number;
    lanes?: number;
    slow?: number;
    large?: number;
    timeoutMs?: number;
    onProgress?: (done: number) => unknown;
  },
): Promise<{ faults: Outcome[]; statuses: Map<number, number> }> {
  const { seed, count, lanes = 4, slow = 0, large = 0, timeoutMs = 30_000, onProgress } = options;
  const uploadOf = await hostileUploads(seed, { slow, large });
  const faults: Outcome[] = [];
  const statuses = new Map<number, number>();
  let next = 0;
  let done = 0;
  const lane = async () => {
    while (next < count) {
      const index = next++;
      const upload = uploadOf(index);
      const { status, answer, retryAfter } = await send(url, upload, timeoutMs);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const refused = status === 503 && retryAfter !== undefined;
      if (status === 0 || (status >= 500 && !refused))
        faults.push({ kind: upload.kind, index, status, answer: answer.slice(0, 500) });
      onProgress?.(++done);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { faults, statuses };
}

async function send(
  url: string,
  { path, body, headers, drip }: HostileUpload,
  timeoutMs: number,
): Promise<{ status: number; answer: string; retryAfter?: string }> {
  if (drip) return await sendSlowly(url + path, body, { ...drip, headers });
  try {
    const response = await fetch(url + path, { method: 'POST', body, headers, signal: AbortSignal.timeout(timeoutMs) });
    const answer = await response.text();
    return { status: response.status, answer, retryAfter: response.headers.get('Retry-After') ?? undefined };
  } catch (error) {
    return { status: 0, answer: String(error) };
  }
}
