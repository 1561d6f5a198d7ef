import type { ContentfulStatusCode } from 'hono/utils/http-status';

/**
 * Every kind of problem that the Worker answers with, as RFC 9457 problem details. `type` is the path /problems/<kind>,
 * where the Worker explains it; kinds, once published, keep their name and status.
 */
export const problemKinds = {
  'bad-query': {
    status: 400,
    title: 'A query parameter is not valid',
    meaning: 'A parameter is unknown, repeated, or outside of its range. `errors` lists each with its reason.',
  },
  'empty-body': {
    status: 400,
    title: 'The request carries no image',
    meaning: 'POST the bytes of a JPEG, PNG or WebP file as the body, e.g. curl --data-binary @photo.jpg.',
  },
  'bad-form': {
    status: 400,
    title: 'The form does not carry one image',
    meaning: 'A multipart body has to be complete and to hold exactly one file; parameters go into the query.',
  },
  'bad-path': {
    status: 400,
    title: 'The path is not valid',
    meaning: 'The path holds a percent-encoding that is not valid UTF-8.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here',
    meaning: 'The path names no part of the API and no file of a release. /api/v1 lists what there is.',
  },
  'unknown-release': {
    status: 404,
    title: 'Unknown release',
    meaning: 'No release of that version is published here. /api/v1/releases lists those that are.',
  },
  'unknown-photo': {
    status: 404,
    title: 'Unknown photo',
    meaning: 'The release has no photo of that id. The manifest lists them; an id is the file name without its ending.',
  },
  'unknown-model': {
    status: 404,
    title: 'Unknown model',
    meaning: 'The release has no model of that id. `known` lists those that the edge serves.',
  },
  'unknown-perturbation': {
    status: 404,
    title: 'Unknown perturbation',
    meaning: 'The release has no perturbation of that id. `known` lists them.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The path exists and does not answer this method; the Allow header lists those that it answers.',
  },
  'precondition-failed': {
    status: 412,
    title: 'Precondition failed',
    meaning: 'The file is not the one that If-Match or If-Unmodified-Since asked for.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    meaning: 'The image file has more bytes than the edge reads. Send a smaller file.',
  },
  'image-too-large': {
    status: 413,
    title: 'The image has too many pixels',
    meaning:
      'Decoding the image would need more memory than the edge has. Networks look at 224 x 224 pixels: send a smaller version.',
  },
  'not-an-image': {
    status: 415,
    title: 'Not a JPEG, PNG or WebP image',
    meaning:
      'The first bytes of the body are those of none of the formats that the edge reads. The content type is not looked at.',
  },
  'unsupported-image': {
    status: 415,
    title: 'The image is of an unsupported kind',
    meaning: 'The format is known and this variant of it is not read, e.g. an animation or CMYK colours.',
  },
  'range-not-satisfiable': {
    status: 416,
    title: 'The range lies outside of the file',
    meaning: 'Content-Range gives the length of the file.',
  },
  'corrupt-image': {
    status: 422,
    title: 'The image cannot be decoded',
    meaning: 'The file begins like an image and is truncated or damaged.',
  },
  'model-not-at-edge': {
    status: 422,
    title: 'The edge does not serve this model',
    meaning: 'The model is in the release and too large for the edge. `known` lists the models that the edge serves.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests from this address',
    meaning:
      'RateLimit-Policy says how many images an address may send in how many seconds. Ask again after Retry-After seconds.',
  },
  internal: {
    status: 500,
    title: 'The Worker failed',
    meaning: 'Nothing that the request did explains this. Quote `instance` when you report it.',
  },
  'release-broken': {
    status: 502,
    title: 'The release is incomplete',
    meaning: 'A file that the manifest names is missing, or has other bytes than the manifest says.',
  },
  'no-release': {
    status: 503,
    title: 'No release is published',
    meaning: 'The bucket has no latest.json. Publish a release, then ask again.',
  },
  busy: {
    status: 503,
    title: 'Too many requests at once',
    meaning: 'This instance classifies one image at a time and its queue is full. Ask again after Retry-After seconds.',
  },
} as const satisfies Record<string, { status: ContentfulStatusCode; title: string; meaning: string }>;

export type ProblemKind = keyof typeof problemKinds;
