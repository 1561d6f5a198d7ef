import { Problem } from '../problems.ts';

export const MAX_BODY_BYTES = 20_000_000;

/**
 * Reads a request's body, and stops at the limit whatever Content-Length says.
 *
 * @throws Problem `empty-body` or `body-too-large`
 */
export async function readBody(request: Request): Promise<Uint8Array> {
  if (Number(request.headers.get('Content-Length') ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (length > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  if (length === 0) {
    throw new Problem(
      'empty-body',
      'The request has no body. POST the bytes of a JPEG, PNG or WebP file, e.g. curl --data-binary @photo.jpg.',
    );
  }
  if (chunks.length === 1) return chunks[0];
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

function tooLarge(): Problem {
  return new Problem(
    'body-too-large',
    `The image has more than ${MAX_BODY_BYTES / 1e6} MB, the most that the edge reads. Send a smaller file; networks look at few pixels anyway.`,
    { limit: MAX_BODY_BYTES },
  );
}
