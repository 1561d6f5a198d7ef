/** Why there is no answer, in words for visitors, and what they can do. */
import { isOwnNetwork } from '../own-network/network.ts';
import { isOwnPattern } from './own-patterns.ts';
import { isOwnPhoto, type LabState } from './state.ts';

/** What was being done. */
export type Stage = 'photo' | 'pattern' | 'network' | 'edge' | 'release';

/** What a visitor can do: ask again, let another place answer, or choose another photo. */
export type Way = 'again' | 'edge' | 'browser' | 'another';

export interface Failure {
  says: string;
  ways: readonly Way[];
}

/** A failure whose message is for visitors. What a browser or a library says is not, and stays in `cause`. */
export class LabError extends Error {
  readonly stage: Stage;

  /** @param says What happened, in words; left out: what is always true of the stage. */
  constructor(stage: Stage, says?: string, cause?: unknown) {
    super(says ?? unexplained[stage], { cause });
    this.stage = stage;
  }
}

const unexplained: Record<Stage, string> = {
  photo: 'The photograph could not be loaded.',
  pattern: 'The pattern could not be loaded.',
  network: 'The network could not be started in this browser.',
  edge: 'The edge could not be reached.',
  release: 'The measured answers could not be loaded.',
};

/** The same promise, whose failure names its stage: a sentence of our own where it has none. */
export async function during<T>(stage: Stage, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof LabError ? error : new LabError(stage, undefined, error);
  }
}

/** What to tell of an error, and what helps against it. */
export function failureOf(error: unknown, question: LabState): Failure {
  const { stage, message } = error instanceof LabError ? error : new LabError('network', undefined, error);
  const ways = waysFrom(stage, question);
  // What only this browser has, no other place can be asked about.
  return { says: message, ways: isHereAlone(question) ? ways.filter((way) => way !== 'edge') : ways };
}

const isHereAlone = ({ model, perturbation }: LabState) => isOwnNetwork(model) || isOwnPattern(perturbation);

function waysFrom(stage: Stage, question: LabState): readonly Way[] {
  if (stage === 'photo' && isOwnPhoto(question.photo)) return ['another'];
  if (stage === 'edge') return isOwnPattern(question.perturbation) ? ['browser'] : ['again', 'browser'];
  if (stage === 'network') return ['again', 'edge'];
  if (stage === 'release') return ['again', 'browser', 'edge'];
  return ['again'];
}
