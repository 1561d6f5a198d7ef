/**
 * What the lab shows, as one state machine. It waits for an answer, has the answer to exactly the question on the
 * screen, or has failed to get one; nothing that comes late, from whatever source, changes what is shown of a newer
 * question or after a failure.
 */
import type { Prediction } from '#shared/release';
import type { Failure } from './failure.ts';
import type { Pixels } from './protocol.ts';
import type { LabState, Where } from './state.ts';
import { isTampered } from './tampered.ts';

/** What a network reads, each as labels from the most probable on. */
export interface Reading {
  clean: readonly Prediction[];
  perturbed: readonly Prediction[];
  by: Where;
  /** How long it took, for people; empty where nothing was computed. */
  took: string;
}

/** The canvas as the network sees it, without and with the perturbation. */
export interface Picture {
  clean: Pixels;
  perturbed: Pixels;
  /** The largest change of a pixel, in units of 0..255. */
  linf: number;
  /** null where nothing is changed. */
  psnr: number | null;
}

/** Bytes of what is on its way. */
export interface Progress {
  loaded: number;
  total: number;
}

export interface Lab {
  /** Counts the questions: what comes back is known by it. */
  asked: number;
  question: LabState;
  phase: 'waiting' | 'answered' | 'failed';
  /** What is known of this question so far. */
  picture: Picture | null;
  reading: Reading | null;
  /** While waiting: the answer to the question before, to be shown as what it is or not at all. */
  before: { question: LabState; reading: Reading } | null;
  progress: Progress | null;
  /** Nothing has come for long: the visitor may want another way. */
  isSlow: boolean;
  failure: Failure | null;
}

export type LabEvent =
  | { type: 'asked'; question: LabState }
  | { type: 'picture'; asked: number; picture: Picture }
  | { type: 'reading'; asked: number; reading: Reading }
  | { type: 'progress'; asked: number; progress: Progress }
  | { type: 'slow'; asked: number }
  | { type: 'failed'; asked: number; failure: Failure };

/** Before anything was asked. */
export const idle = (question: LabState): Lab => ({
  ...{ asked: 0, question, phase: 'waiting', picture: null, reading: null },
  ...{ before: null, progress: null, isSlow: false, failure: null },
});

/** The lab after an event; the same object where the event changes nothing. */
export function next(lab: Lab, event: LabEvent): Lab {
  if (event.type === 'asked') {
    const { question, reading, phase, before } = lab;
    const answered = phase === 'answered' && reading ? { question, reading } : null;
    return { ...idle(event.question), asked: lab.asked + 1, before: answered ?? (phase === 'waiting' ? before : null) };
  }
  if (event.asked !== lab.asked || lab.phase !== 'waiting') return lab;
  switch (event.type) {
    case 'picture':
      return settled({ ...lab, picture: event.picture });
    case 'reading':
      return settled({ ...lab, reading: event.reading });
    case 'progress':
      return { ...lab, progress: event.progress, isSlow: false };
    case 'slow':
      return { ...lab, isSlow: true };
    case 'failed':
      return { ...lab, phase: 'failed', reading: null, before: null, progress: null, failure: event.failure };
  }
}

/** A label without the picture that it is of is no answer, and neither is a picture without its label. */
const settled = (lab: Lab): Lab =>
  lab.picture && lab.reading
    ? { ...lab, phase: 'answered', before: null, progress: null, isSlow: false }
    : { ...lab, isSlow: false };

/**
 * Whether the label on a perturbed picture is another one than without the perturbation. A network that says "tampered
 * with" is not fooled, and one that says so of the photo too is held to the label that it gives beside that.
 */
export function isFooled({ clean, perturbed }: Reading): boolean {
  if (isTampered(perturbed[0])) return false;
  const before = clean.find((one) => !isTampered(one)) ?? clean[0];
  return before.index !== perturbed[0].index;
}
