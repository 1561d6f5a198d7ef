/** What is known of a kind of problem before it happens. */
interface Kind {
  status: number;
  title: string;
  /** What happened. */
  meaning: string;
  /** What to do, for whoever asked. */
  remedy: string;
}

/**
 * Every kind of problem that the API answers with, by its id, as RFC 9457 problem details. `type` is `problemPath` of
 * the id, where the Worker explains it; kinds, once published, keep their id and status.
 */
export const problemKinds = {
  'bad-query': {
    status: 400,
    title: 'A query parameter is not valid',
    meaning: 'A parameter is unknown, repeated, or outside of its range.',
    remedy: 'Correct the parameters that `errors` lists, each with its reason.',
  },
  'empty-body': {
    status: 400,
    title: 'The request carries no image',
    meaning: 'There is no body, or its file is empty, and no photo of the release is named.',
    remedy: 'POST the bytes of a JPEG, PNG or WebP file as the body, e.g. curl --data-binary @photo.jpg.',
  },
  'bad-form': {
    status: 400,
    title: 'The form does not carry one image',
    meaning: 'A multipart body is not complete, or holds more or less than one file.',
    remedy: 'Send exactly one file, e.g. curl -F image=@photo.jpg; parameters go into the query.',
  },
  'bad-path': {
    status: 400,
    title: 'The path is not valid',
    meaning: 'The path holds a percent-encoding that is not valid UTF-8.',
    remedy: 'Encode the path as UTF-8.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here',
    meaning: 'The path names no part of the API and no file of a release.',
    remedy: '/api/v1 lists what there is, and the manifest every file of a release.',
  },
  'unknown-release': {
    status: 404,
    title: 'Unknown release',
    meaning: 'No release of that version is published here.',
    remedy: 'Choose one of /api/v1/releases, or name none for the current one.',
  },
  'unknown-photo': {
    status: 404,
    title: 'Unknown photo',
    meaning: 'The release has no photo of that id; an id is the file name without its ending.',
    remedy: 'Choose one of `known`.',
  },
  'unknown-model': {
    status: 404,
    title: 'Unknown model',
    meaning: 'The release has no model of that id.',
    remedy: 'Choose one of `known`, the models that the edge serves.',
  },
  'unknown-perturbation': {
    status: 404,
    title: 'Unknown perturbation',
    meaning: 'The release has no perturbation of that id.',
    remedy: 'Choose one of `known`.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The path exists and does not answer this method.',
    remedy: 'Use a method that the Allow header lists.',
  },
  'slow-body': {
    status: 408,
    title: 'The body came too slowly',
    meaning:
      'The image had not arrived when the time for it was over. An instance keeps room for each that is on its way.',
    remedy: 'Send a smaller file, or send it over a faster line.',
  },
  'precondition-failed': {
    status: 412,
    title: 'Precondition failed',
    meaning: 'The file is not the one that If-Match or If-Unmodified-Since asked for.',
    remedy: 'Ask without the condition.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    meaning: 'The image file has more bytes than the edge reads.',
    remedy: 'Send a smaller file.',
  },
  'image-too-large': {
    status: 413,
    title: 'The image has too many pixels',
    meaning: 'Decoding the image would need more memory than the edge has.',
    remedy: 'Send a smaller version: networks look at few pixels anyway.',
  },
  'not-an-image': {
    status: 415,
    title: 'Not a JPEG, PNG or WebP image',
    meaning:
      'The first bytes of the body are those of none of the formats that the edge reads. The content type is not looked at.',
    remedy: 'Send a JPEG, PNG or WebP file.',
  },
  'unsupported-image': {
    status: 415,
    title: 'The image is of an unsupported kind',
    meaning: 'The format is known and this variant of it is not read, e.g. an animation or CMYK colours.',
    remedy: 'Save it as a still picture in RGB, 8 bits a channel, and send that.',
  },
  'range-not-satisfiable': {
    status: 416,
    title: 'The range lies outside of the file',
    meaning: 'None of the bytes that Range asks for is in the file.',
    remedy: 'Ask for a range within the length that Content-Range gives.',
  },
  'corrupt-image': {
    status: 422,
    title: 'The image cannot be decoded',
    meaning: 'The file begins like an image and is truncated or damaged.',
    remedy: 'Check that the file opens elsewhere and that all of it is sent.',
  },
  'image-not-exact': {
    status: 422,
    title: 'The image has not the size of the canvas',
    meaning: 'The release takes images as they are, of the size of its canvas alone: its fit is "exact".',
    remedy: 'Send an image of S x S pixels; /api/v1/release gives S as `canvas`.',
  },
  'model-not-at-edge': {
    status: 422,
    title: 'The edge does not serve this model',
    meaning: 'The model is in the release, and too large for the edge, or not offered there: the detail says which.',
    remedy: 'Choose one of `known`, the models that the edge serves.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests from this address',
    meaning: 'The address sent more images than RateLimit-Policy allows.',
    remedy: 'Ask again after Retry-After seconds.',
  },
  internal: {
    status: 500,
    title: 'The Worker failed',
    meaning: 'Nothing that the request did explains this.',
    remedy: 'Try again; quote `instance` when you report it.',
  },
  'release-broken': {
    status: 502,
    title: 'The release is incomplete',
    meaning: 'A file that the manifest names is missing, or has other bytes than the manifest says.',
    remedy: 'Whoever runs this Atlas has to publish the release again; `detail` names the file.',
  },
  'no-release': {
    status: 503,
    title: 'No release is published',
    meaning: 'The bucket has no latest.json.',
    remedy: 'Publish a release, then ask again.',
  },
  busy: {
    status: 503,
    title: 'Too many requests at once',
    meaning: 'This instance classifies one image at a time, and its queue or its room for images is full.',
    remedy: 'Ask again after Retry-After seconds.',
  },
} as const satisfies Record<string, Kind>;

export type ProblemKind = keyof typeof problemKinds;

/** The `type` of a problem, and the path on the API's host that explains it. */
export const problemPath = (kind: ProblemKind) => `/problems/${kind}` as const;
