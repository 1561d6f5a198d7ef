import { createRoute, z } from '@hono/zod-openapi';
import { Lineup, REACH } from '#shared/identify';
import type { Manifest } from '#shared/release';
import {
  identificationSchema,
  idsUpTo,
  imageBody,
  json,
  linkedAs,
  newApp,
  photoParameter,
  problems,
  refusedParameters,
  releaseParameter,
  whole,
  wholeNumber,
} from '../contract/index.ts';
import type { Env } from '../env.ts';
import { decodeCanvas } from '../imaging/index.ts';
import type { Turn } from '../inference/index.ts';
import { limitImages } from '../middleware/index.ts';
import { milliseconds, startStopwatch } from '../stopwatch.ts';
import { patternsOf, releaseOf } from '../storage/index.ts';
import { findPerturbation } from './choose.ts';
import { serverTiming, withPicture } from './picture.ts';

/** What one request may try: some 3 ms of CPU each, and 6 more and a read from R2 where its transforms are not kept. */
const MOST_TRIED = 64;
/** A pattern is tried in about so many. */
const MS_PER_PATTERN = 50;
/** Of so many the transforms are held while they are compared: 0.6 MB each. */
const MOST_MATCHES = 5;

const query = z.strictObject({
  perturbation: idsUpTo(
    MOST_TRIED,
    `Id of a perturbation to try; repeated for several, up to ${MOST_TRIED}. Left out: all of the release, where it has no more than these.`,
  ),
  top: whole(1, MOST_MATCHES)
    .default(3)
    .openapi({ ...wholeNumber(1, MOST_MATCHES), default: 3, description: 'How many of the best matches to give.' }),
  photo: photoParameter,
  release: releaseParameter,
});

/** POST /identify: which perturbation of the release is on an image. */
export const identify = newApp();

identify.openapi(
  createRoute({
    ...linkedAs('identify'),
    method: 'post',
    path: '/identify',
    tags: ['images'],
    operationId: 'identify',
    summary: 'Name the perturbation',
    description:
      'Which perturbation of the release is on the image, how strong and where, by matched filters, with the chance of a false alarm. ' +
      'An image of about the size of the canvas (16 pixels more or less) is taken pixel for pixel; any other becomes a canvas as for /classify. Nothing is stored.',
    middleware: limitImages,
    request: { query, body: imageBody },
    responses: {
      200: json(identificationSchema, 'The best matches.'),
      ...problems(
        ...([
          'bad-query',
          'empty-body',
          'bad-form',
          'unknown-release',
          'unknown-perturbation',
          'unknown-photo',
        ] as const),
        ...(['body-too-large', 'image-too-large', 'not-an-image', 'unsupported-image', 'corrupt-image'] as const),
        ...(['slow-body', 'rate-limited', 'busy'] as const),
      ),
    },
  }),
  async (c) => {
    const started = performance.now();
    const { perturbation, top, photo, release: version } = c.req.valid('query');
    const release = await releaseOf(c.env, version);
    const tried = chosen(release, perturbation);
    const expected = MS_PER_PATTERN * tried.length;
    // What was found is of the image, and is told to nobody else.
    Object.assign(c.var.observed, { perturbations: perturbation ?? [], release: release.version });
    const { matches, timings } = await withPicture(
      c,
      { release, photo, milliseconds: expected },
      async (bytes, wait, turn) => {
        const stopwatch = await startStopwatch();
        const canvas = await decodeCanvas(bytes, release.canvas, 'near');
        const decode = await stopwatch();
        const matches = await matchesOf(c.env, release, { canvas, tried, top, turn });
        const search = await stopwatch();
        return { matches, timings: { wait, decode, search, total: milliseconds(performance.now() - started) } };
      },
    );
    const named = matches.find((match) => match.named)?.perturbation ?? null;
    c.header('Server-Timing', serverTiming(timings));
    c.header('Cache-Control', 'no-store');
    return c.json(
      {
        ...{ photo: photo ?? null, named, matches, tried: tried.length, reach: REACH, timings },
        release: release.version,
      },
      200,
    );
  },
);

type Perturbation = Manifest['perturbations'][number];

/** @throws Problem `bad-query` where nothing is named and the release has more than one request may try */
function chosen(release: Manifest, ids: string[] | undefined): Perturbation[] {
  if (ids) return ids.map((id) => findPerturbation(release, id));
  const { perturbations } = release;
  if (perturbations.length <= MOST_TRIED) return perturbations;
  const reason = `must be given, up to ${MOST_TRIED} times: the release has ${perturbations.length} perturbations`;
  throw refusedParameters([{ parameter: 'perturbation', reason }]);
}

async function matchesOf(
  env: Env,
  release: Manifest,
  { canvas, tried, top, turn }: { canvas: Float32Array; tried: Perturbation[]; top: number; turn: Turn },
) {
  const lineup = new Lineup(canvas, release.canvas, { top });
  const keys = tried.map(({ npy }) => npy);
  let next = 0;
  for await (const pattern of patternsOf(env, release, keys)) {
    await turn.giveWay();
    lineup.try(tried[next++].id, pattern);
  }
  return lineup.matches().map(({ id, ...match }) => ({ perturbation: id, ...match }));
}
