import { createRoute, z } from '@hono/zod-openapi';
import { applyPerturbation } from '#shared/images';
import {
  file,
  imageBody,
  linkedAs,
  newApp,
  photoParameter,
  problems,
  releaseParameter,
  strengthParameter,
  text,
} from '../contract/index.ts';
import { decodeCanvas, encodeCanvas } from '../imaging/index.ts';
import { limitImages } from '../middleware/index.ts';
import { startStopwatch } from '../stopwatch.ts';
import { perturbationValues, releaseOf } from '../storage/index.ts';
import { choosePerturbations } from './choose.ts';
import { contentDisposition } from './object.ts';
import { serverTiming, withPicture } from './picture.ts';

const query = z.strictObject({
  perturbation: text.optional().openapi({
    description: `Id of a perturbation, or "none" for the clean canvas; left out: the release's first.`,
  }),
  strength: strengthParameter,
  photo: photoParameter,
  release: releaseParameter,
});

/** POST /perturb: the perturbed canvas of an image. */
export const perturb = newApp();

perturb.openapi(
  createRoute({
    ...linkedAs('perturb'),
    method: 'post',
    path: '/perturb',
    tags: ['images'],
    operationId: 'perturb',
    summary: 'Perturb',
    description:
      'The canvas of the image with a perturbation added, as a PNG of S x S pixels, exact to the bit: what /classify shows to the network, and what batch measures.',
    middleware: limitImages,
    request: { query, body: imageBody },
    responses: {
      200: file('The perturbed canvas.', ['image/png']),
      ...problems(
        ...([
          'bad-query',
          'empty-body',
          'bad-form',
          'unknown-release',
          'unknown-perturbation',
          'unknown-photo',
        ] as const),
        ...([
          'body-too-large',
          'image-too-large',
          'not-an-image',
          'unsupported-image',
          'corrupt-image',
          'image-not-exact',
        ] as const),
        ...(['slow-body', 'rate-limited', 'busy'] as const),
      ),
    },
  }),
  async (c) => {
    const { perturbation: id, strength, photo, release: version } = c.req.valid('query');
    const release = await releaseOf(c.env, version);
    const [perturbation] = choosePerturbations(release, id === undefined ? undefined : [id.replaceAll(' ', '+')]);
    Object.assign(c.var.observed, { perturbations: perturbation ? [perturbation.id] : [], release: release.version });
    const { png, timings } = await withPicture(c, { release, photo, milliseconds: 40 }, async (bytes, wait, turn) => {
      const stopwatch = await startStopwatch();
      const clean = await decodeCanvas(bytes, release.canvas, release.fit);
      const decode = await stopwatch();
      await turn.giveWay();
      const waited = wait + (await stopwatch());
      const v = perturbation && (await perturbationValues(c.env, release, perturbation.npy));
      const png = await encodeCanvas(v ? applyPerturbation(clean, v, strength) : clean, release.canvas);
      return { png, timings: { wait: waited, decode, canvas: await stopwatch() } };
    });
    return c.body(png, 200, {
      'Content-Type': 'image/png',
      'Content-Disposition': contentDisposition(`${perturbation?.id ?? 'clean'}.png`).replace('attachment', 'inline'),
      'Cache-Control': 'no-store',
      'Server-Timing': serverTiming(timings),
    });
  },
);
