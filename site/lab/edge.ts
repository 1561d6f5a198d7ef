import type { Prediction } from '#shared/release';

export interface EdgeAnswer {
  clean: Prediction[];
  perturbed: Prediction[];
  /** Milliseconds from asking to the whole answer, as the visitor waits them. */
  roundTrip: number;
  /** Milliseconds in the network itself, as the edge says. */
  inference: number;
}

const photos = new Map<string, Promise<Blob>>();

/** The unchanged bytes of a photo, fetched once. */
function photoAt(url: string): Promise<Blob> {
  let photo = photos.get(url);
  if (!photo) {
    photo = fetch(url).then((response) => {
      if (!response.ok) throw new Error(`The photograph could not be loaded: the server answered ${response.status}.`);
      return response.blob();
    });
    photo.catch(() => photos.delete(url));
    photos.set(url, photo);
  }
  return photo;
}

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
  const query = new URLSearchParams({ model, perturbation, strength: String(strength), top: String(top) });
  const started = performance.now();
  const response = await fetch(`/api/v1/classify?${query}`, { method: 'POST', body, signal });
  const answer = await response.json().catch(() => null);
  const roundTrip = performance.now() - started;
  if (!response.ok || !answer) {
    const problem = answer as { title?: string; detail?: string } | null;
    const said = [problem?.title, problem?.detail].filter(Boolean).join(': ');
    throw new Error(
      said || `The edge answered ${response.status} and no more. Try again, or classify in this browser.`,
    );
  }
  return { clean: answer.clean, perturbed: answer.perturbed, roundTrip, inference: answer.timings.inference };
}
