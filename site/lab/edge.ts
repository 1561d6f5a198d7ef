import { ApiError, answerOf, atlasClient } from '#shared/api';
import { remember } from '../runtime/remember.ts';
import { LabError } from './failure.ts';
import type { Reading } from './machine.ts';

const edge = atlasClient({ baseUrl: location.origin });

/** The unchanged bytes of a photo, fetched once. */
const photoAt = remember(async (url: string) => {
  const response = await fetch(url).catch((error: unknown) => {
    throw new LabError('photo', undefined, error);
  });
  if (!response.ok) throw new LabError('photo');
  return await response.blob();
}, 16);

/**
 * Asks the Worker what a model reads in a photo, without and with the perturbation.
 *
 * @throws LabError with the problem's title and detail, or in our words; AbortError when `signal` was aborted
 */
export async function classifyAtEdge(
  question: { photo: string; model: string; perturbation: string; strength: number; top: number },
  signal: AbortSignal,
): Promise<Reading> {
  const { photo, model, perturbation, strength, top } = question;
  const body = await photoAt(photo);
  const query = { model, perturbation: [perturbation], strength, top };
  const started = performance.now();
  try {
    const answer = answerOf(await edge.POST('/api/v1/classify', { params: { query }, body, signal }));
    const roundTrip = performance.now() - started;
    const { clean, perturbed, timings } = answer;
    return {
      clean,
      perturbed: perturbed ?? clean,
      by: 'edge',
      took: `At the edge: ${Math.round(roundTrip)} ms there and back, ${Math.round(timings.inference)} ms of it in the network`,
    };
  } catch (error) {
    if (signal.aborted) throw error;
    throw new LabError('edge', error instanceof ApiError ? error.message : undefined, error);
  }
}
