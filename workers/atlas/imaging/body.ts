import { MultipartParseError, parseMultipart } from '@remix-run/multipart-parser';
import { Problem } from '../problems.ts';

export const MAX_BODY_BYTES = 20_000_000;
/** What a form may have around its file. */
const FORM_BYTES = 64_000;

/**
 * Reads the image that a request carries: its body, or the one file of a form. Stops at the limit, whatever
 * Content-Length says.
 *
 * @throws Problem `empty-body`, `body-too-large` or `bad-form`
 */
export async function readImage(request: Request): Promise<Uint8Array> {
  const bytes = await readBody(request);
  if (bytes.length === 0) {
    throw new Problem(
      'empty-body',
      'The request has no body. POST the bytes of a JPEG, PNG or WebP file, e.g. curl --data-binary @photo.jpg, or name a photo of the release with ?photo=.',
    );
  }
  const type = request.headers.get('Content-Type') ?? '';
  return /^multipart\//i.test(type) ? fileOfForm(bytes, type) : bytes;
}

/** Whether a request says that it carries something. */
export function hasBody(request: Request): boolean {
  const length = request.headers.get('Content-Length');
  return length === null ? request.body !== null : length !== '0';
}

async function readBody(request: Request): Promise<Uint8Array> {
  const announced = Number(request.headers.get('Content-Length') ?? 0);
  if (announced > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (length > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
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

/** The one file of a multipart body (RFC 7578), whatever its field is called. */
function fileOfForm(body: Uint8Array, contentType: string): Uint8Array {
  const boundary = /boundary=(?:"([^"]{1,70})"|([^;,\s]{1,70}))/i.exec(contentType);
  const help = 'Send one file, e.g. curl -F image=@photo.jpg, and parameters in the query.';
  if (!boundary) throw new Problem('bad-form', `The Content-Type of the form names no boundary. ${help}`);
  const limits = { maxFileSize: MAX_BODY_BYTES, maxTotalSize: MAX_BODY_BYTES + FORM_BYTES, maxParts: 4 };
  let file: Uint8Array | undefined;
  try {
    for (const part of parseMultipart(body, { boundary: boundary[1] ?? boundary[2], ...limits })) {
      if (file || !part.isFile)
        throw new Problem(
          'bad-form',
          `The form has more than one file, or the field "${part.name}" that is none. ${help}`,
        );
      file = part.content.length === 1 ? part.content[0] : part.bytes;
    }
  } catch (error) {
    if (!(error instanceof MultipartParseError)) throw error;
    throw new Problem('bad-form', `The form cannot be read (${error.message}). ${help}`);
  }
  if (!file) throw new Problem('bad-form', `The form has no file. ${help}`);
  if (file.length === 0) throw new Problem('empty-body', `The file of the form is empty. ${help}`);
  return file;
}

function tooLarge(): Problem {
  return new Problem(
    'body-too-large',
    `The image has more than ${MAX_BODY_BYTES / 1e6} MB, the most that the edge reads. Send a smaller file; networks look at few pixels anyway.`,
    { limit: MAX_BODY_BYTES },
  );
}
