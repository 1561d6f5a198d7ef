import { MultipartParseError, parseMultipart } from '@remix-run/multipart-parser';
import { busy, Problem } from '../problems.ts';
import type { Place } from './admission.ts';

export const MAX_BODY_BYTES = 20_000_000;
/** What a form may have around its file. */
const FORM_BYTES = 64_000;

/**
 * What a body may take: no pause longer than this, the same and what its bytes so far take at this pace, and no more
 * than the whole.
 */
const PAUSE_MS = 5_000;
const BYTES_PER_MS = 50;
const WHOLE_MS = 30_000;
/** How often a body that is waited for is looked at. */
const LOOK_MS = 250;
/** So much of a body is looked at before there is memory for the rest. */
const BEGINNING = 64_000;

/**
 * Reads the image that a request carries: its body, or the one file of a form. Stops at the limit, whatever
 * Content-Length says, and where no more room is in this isolate.
 *
 * @param place what the body holds is said there, as it is read
 * @param look is given the beginning of a body that has more, and throws where nothing can come of it: the rest is not
 * read then
 * @throws Problem `empty-body`, `body-too-large`, `slow-body`, `busy` or `bad-form`
 */
export async function readImage(
  request: Request,
  place: Place,
  look: (beginning: Uint8Array) => void,
): Promise<Uint8Array> {
  const type = request.headers.get('Content-Type') ?? '';
  const isForm = /^multipart\//i.test(type);
  const bytes = await readBody(request, place, isForm ? () => {} : look);
  if (bytes.length === 0) {
    throw new Problem(
      'empty-body',
      'The request has no body. POST the bytes of a JPEG, PNG or WebP file, e.g. curl --data-binary @photo.jpg, or name a photo of the release with ?photo=.',
    );
  }
  return isForm ? fileOfForm(bytes, type) : bytes;
}

/** Whether a request says that it carries something. */
export function hasBody(request: Request): boolean {
  const length = request.headers.get('Content-Length');
  return length === null ? request.body !== null : length !== '0';
}

/** The bytes that a request says it will send; 0 where it does not say. @throws Problem `body-too-large` */
export function announcedBytes(request: Request): number {
  const announced = Number(request.headers.get('Content-Length') ?? 0);
  if (announced > MAX_BODY_BYTES) throw tooLarge();
  return announced;
}

/**
 * Into one piece of memory: each read fills what is left of it. Readers without a buffer of their own give 4 kB at a
 * time, which costs ten times the processor.
 */
async function readBody(
  request: Request,
  place: Place,
  look: (beginning: Uint8Array) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!request.body) return new Uint8Array(0);
  const started = Date.now();
  const announced = announcedBytes(request);
  // One more than there should be, in which the end is seen.
  let bytes = new Uint8Array(Math.min(announced || BEGINNING, BEGINNING) + 1);
  let length = 0;
  const reader = request.body.getReader({ mode: 'byob' });
  try {
    for (;;) {
      const due = started + Math.min(WHOLE_MS, PAUSE_MS + length / BYTES_PER_MS);
      const by = Math.min(Date.now() + PAUSE_MS, due);
      // The memory goes to the reader and comes back, filled or at the end.
      const { done, value } = await withinTime(reader.read(bytes.subarray(length)), by, place).catch((error) => {
        // A read that is under way keeps the lock. That the body ends well is not waited for.
        reader.cancel().catch(() => undefined);
        throw error;
      });
      if (value) bytes = new Uint8Array(value.buffer);
      if (done) return bytes.subarray(0, length);
      length += value.byteLength;
      if (length > MAX_BODY_BYTES) throw tooLarge();
      if (length < bytes.length) continue;
      if (length === BEGINNING + 1) look(bytes);
      // Where nothing was announced, or too little: twice as much each time, held as long as the old one is copied.
      const larger = announced >= length ? announced : Math.min(MAX_BODY_BYTES, 2 * length);
      if (!place.holds(larger)) throw busy('has no room for more of this image');
      const old = bytes;
      bytes = new Uint8Array(larger + 1);
      bytes.set(old);
    }
  } finally {
    reader.releaseLock();
  }
}

/**
 * @param by when it has to be there, in milliseconds since 1970
 * @throws Problem `slow-body` where it takes longer, `busy` where its place is given to others meanwhile
 */
async function withinTime<T>(promise: Promise<T>, by: number, place: Place): Promise<T> {
  let timer: ReturnType<typeof setInterval> | null = null;
  const late = new Promise<never>((_resolve, reject) => {
    const look = () => {
      if (place.givesWay) reject(busy('has no room for an image that comes so slowly'));
      else if (Date.now() >= by) reject(tooSlow());
    };
    // Again and again: the request that needs the place cannot call into this one.
    timer = setInterval(look, LOOK_MS);
    look();
  });
  try {
    return await Promise.race([late, promise]);
  } finally {
    clearInterval(timer);
  }
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

function tooSlow(): Problem {
  return new Problem(
    'slow-body',
    `The image did not arrive in time: the edge waits ${PAUSE_MS / 1000} s for more of it, ${WHOLE_MS / 1000} s for all of it, and goes on only while it comes at ${BYTES_PER_MS} kB a second. ` +
      'Send a smaller file; networks look at few pixels anyway.',
  );
}
