import { type ClientRequest, request } from 'node:http';

/** What became of a body that was sent as its sender chose. */
export interface Sent {
  /** 0: the connection ended without an answer. */
  status: number;
  answer: string;
  retryAfter: string | undefined;
  /** Milliseconds until the answer was there. */
  milliseconds: number;
}

/** A request whose body the caller writes, and its answer, which may come before the body's end. */
export function openUpload(
  url: string,
  headers: Record<string, string | number>,
): { upload: ClientRequest; sent: Promise<Sent> } {
  const started = performance.now();
  const upload = request(url, { method: 'POST', headers, agent: false });
  const sent = new Promise<Sent>((resolve) => {
    const done = (status: number, answer: string, retryAfter?: string) =>
      resolve({ status, answer, retryAfter, milliseconds: performance.now() - started });
    upload.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', (error) => done(0, String(error)));
      response.on('end', () => {
        done(response.statusCode ?? 0, Buffer.concat(chunks).toString(), response.headers['retry-after']);
        upload.destroy();
      });
    });
    upload.on('error', (error) => done(0, String(error)));
    upload.on('close', () => done(0, 'the connection was closed'));
  });
  return { upload, sent };
}

/** Sends a body that announces its length and comes a few bytes at a time, until it is answered. */
export async function sendSlowly(
  url: string,
  body: Uint8Array,
  {
    bytes = 64,
    everyMs = 200,
    headers = {},
  }: { bytes?: number; everyMs?: number; headers?: Record<string, string> } = {},
): Promise<Sent> {
  const { upload, sent } = openUpload(url, { ...headers, 'Content-Length': body.byteLength });
  let at = 0;
  const drip = () => {
    if (at < body.byteLength && !upload.destroyed) upload.write(body.subarray(at, at + bytes));
    at += bytes;
  };
  drip();
  const timer = setInterval(drip, everyMs);
  try {
    return await sent;
  } finally {
    clearInterval(timer);
  }
}
