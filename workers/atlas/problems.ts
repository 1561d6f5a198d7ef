import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppEnv } from './env.ts';

/**
 * Every kind of problem that the Worker answers with, as RFC 9457 problem details. `type` is the path /problems/<kind>, where the Worker
 * explains it; kinds, once published, keep their name and status.
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

/** Thrown anywhere in the Worker; becomes an application/problem+json answer. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly members: Record<string, unknown>;
  readonly headers: Record<string, string>;

  /**
   * @param detail what happened and what to do, for a person
   * @param members further members of the problem's JSON, e.g. `known`
   * @param headers of the answer, e.g. Allow
   */
  constructor(
    kind: ProblemKind,
    detail: string,
    members: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ) {
    super(detail);
    this.name = 'Problem';
    this.kind = kind;
    this.members = members;
    this.headers = headers;
  }
}

/** Answers with a problem; anything that is not a Problem is logged and becomes `internal`, without its message. */
export function problemResponse(c: Context<AppEnv>, thrown: unknown): Response {
  let problem: Problem;
  if (thrown instanceof Problem) {
    problem = thrown;
  } else {
    console.error(c.var.requestId, thrown);
    problem = new Problem(
      'internal',
      'The Worker failed while answering this request. Try again; if it fails again, report it with the value of "instance".',
    );
  }
  const { status, title } = problemKinds[problem.kind];
  const body = {
    type: `/problems/${problem.kind}`,
    title,
    status,
    detail: problem.message,
    instance: `urn:uuid:${c.var.requestId}`,
    ...problem.members,
  };
  return c.body(JSON.stringify(body), status, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...problem.headers,
  });
}
