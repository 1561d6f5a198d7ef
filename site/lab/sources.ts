/** Where the lab's pictures and readings come from, in a browser. */

import { isOwnNetwork } from '../own-network/network.ts';
import { remember } from '../runtime/remember.ts';
import type { Sources } from './conductor.ts';
import type { LabData } from './data.ts';
import { isFaithful, perturbed, pixelsAt } from './drawn.ts';
import { classifyAtEdge } from './edge.ts';
import { during, LabError } from './failure.ts';
import type { Picture, Reading } from './machine.ts';
import type { Seen } from './mirror.ts';
import { ownFiles } from './own-networks.ts';
import { isOwnPattern } from './own-patterns.ts';
import type { Identified, Perturbed, Pixels } from './protocol.ts';
import { type Published, publishedReading } from './published.ts';
import type { LabState } from './state.ts';
import { Thread } from './thread.ts';

const TOP = 5;
/** A slider on the move asks the edge only once it rests for so many milliseconds. */
const EDGE_REST_MS = 150;

export interface LabSources extends Sources {
  /** Loads all that an answer of this browser needs. */
  load(question: LabState, signal: AbortSignal): Promise<unknown>;
  /** What the question's network reads in a picture of a camera, with the pattern and without. */
  see(frame: Pixels, question: LabState, signal: AbortSignal): Promise<Seen>;
  /** Which of all patterns is on a photo as it is. */
  identify(photo: string, signal: AbortSignal): Promise<Identified>;
  stop(): void;
}

/** @param own A photo that the visitor brought, by its id, once it has been looked at. */
export function sourcesOf(data: LabData, own: (id: string) => Promise<{ url: string }> | undefined): LabSources {
  const thread = new Thread();
  const canDraw = isFaithful();
  const publishedAt = remember(async (url: string): Promise<Published> => {
    const response = await fetch(url);
    if (!response.ok) throw new LabError('release');
    return (await response.json()) as Published;
  }, 24);
  const ownAt = ownFiles(data.size);
  const photoOf = (id: string) => data.photos.find((one) => one.id === id);
  const patternOf = (id: string) => data.perturbations.find((one) => one.id === id) ?? data.perturbations[0];
  const modelOf = async (id: string) =>
    isOwnNetwork(id) ? await ownAt(id) : (data.models.find((one) => one.id === id) ?? data.models[0]);
  const urlOf = async (photo: string) => ((await own(photo)) ?? photoOf(photo) ?? data.photos[0]).url;
  const taskOf = async ({ photo, perturbation, strength }: LabState): Promise<Perturbed> => ({
    photo: await urlOf(photo),
    perturbation: patternOf(perturbation).npy,
    ...{ strength, size: data.size, fit: data.fit },
  });

  async function drawn({ photo, perturbation, strength }: LabState): Promise<Picture | null> {
    const published = photoOf(photo);
    if (!published?.canvas || !canDraw) return null;
    const { preview, linf } = patternOf(perturbation);
    const [clean, pattern] = await Promise.all([
      during('photo', pixelsAt(published.canvas)),
      during('pattern', pixelsAt(preview)),
    ]);
    return perturbed(clean, pattern, linf, strength);
  }

  async function published({ where, ...of }: LabState): Promise<Reading | null> {
    const photo = where === 'release' ? photoOf(of.photo) : undefined;
    return photo ? publishedReading(await during('release', publishedAt(photo.answers)), { where, ...of }) : null;
  }

  return {
    async picture(question, signal) {
      // What a network in this browser reads is drawn by the thread that it reads in, from the same numbers.
      const isReadHere = question.where === 'browser' || isOwnPattern(question.perturbation);
      const picture = isReadHere ? null : await drawn(question);
      return picture ?? (await thread.ask<'draw'>({ type: 'draw', ...(await taskOf(question)) }, signal)).picture;
    },
    async reading(question, signal, onProgress): Promise<Reading> {
      const task = await taskOf(question);
      if (question.where === 'edge') {
        if (isOwnPattern(question.perturbation))
          throw new LabError('edge', 'The edge does not know this pattern: it is yours, and stays in this browser.');
        await rest(EDGE_REST_MS, signal);
        return await classifyAtEdge({ ...question, photo: task.photo, top: TOP }, signal);
      }
      const known = await published(question);
      if (known) return known;
      const model = await modelOf(question.model);
      const answer = await thread.ask<'read'>({ type: 'read', ...task, model, top: TOP }, signal, onProgress);
      const took = `In this browser: ${Math.round(answer.milliseconds)} ms`;
      return { clean: answer.clean, perturbed: answer.perturbed, by: 'browser', took };
    },
    async load(question, signal) {
      const [task, model] = await Promise.all([taskOf(question), modelOf(question.model)]);
      await thread.ask<'load'>({ type: 'load', ...task, model }, signal);
    },
    async see(frame, { perturbation, model, strength }, signal) {
      const { npy } = patternOf(perturbation);
      const files = await modelOf(model);
      const { picture, milliseconds, ...read } = await thread.ask<'see'>(
        { type: 'see', frame, model: files, perturbation: npy, strength, size: data.size, top: TOP },
        signal,
      );
      const took = `In this browser: ${Math.round(milliseconds)} ms with the pattern and without`;
      return { picture, reading: { clean: read.clean, perturbed: read.perturbed, by: 'browser', took } };
    },
    async identify(photo, signal) {
      const patterns = data.perturbations.map(({ id, preview, linf }) => ({ id, preview, linf }));
      const task = { type: 'identify' as const, photo: await urlOf(photo), size: data.size, patterns };
      return await thread.ask<'identify'>(task, signal);
    },
    renew: () => thread.stop(),
    stop: () => thread.stop(),
  };
}

/** @throws LabError once `signal` is aborted */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(new LabError('edge'));
      },
      { once: true },
    );
  });
}
