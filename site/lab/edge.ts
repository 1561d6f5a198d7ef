import { answerOf, atlasClient } from '#shared/api';
import type { Prediction } from '#shared/release';
import { remember } from './remember.ts';

export interface EdgeAnswer {
  clean: Prediction[];
  perturbed: Prediction[];
  /** Milliseconds from asking to the whole answer, as the visitor waits them. */
  roundTrip: number;
  /** Milliseconds in the network itself, as the edge says. */
  inference: number;
}

const edge = atlasClient({ baseUrl: location.origin });

/** The unchanged bytes of a photo, fetched once. */
const photoAt = remember(async (url: string) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The photograph could not be loaded: the server answered ${response.status}.`);
  return await response.blob();
}, 16);

/**
 * Asks the Worker what a model reads in a photo, without and with the perturbation.
 *
 * @throws Error with the problem's title and detail; AbortError when `signal` was aborted
 */
export async function classifyAtEdge(
  question: { photo: string; model: string; perturbation: string; strength: number; top: number },
  signal: AbortSignal,
): Promise<EdgeAnswer> {
  const { photo, model, perturbation, strength, top } = question;
  const body = await photoAt(photo);
  const query = { model, perturbation: [perturbation], strength, top };
  const started = performance.now();
  const answer = answerOf(await edge.POST('/api/v1/classify', { params: { query }, body, signal }));
  const roundTrip = performance.now() - started;
  const { clean, perturbed, timings } = answer;
  return { clean, perturbed: perturbed ?? clean, roundTrip, inference: timings.inference };
}
