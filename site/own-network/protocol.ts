/** What the page and its two workers say to each other: one knows graphs, the other runs them. */
import type { InputSaid, OutputSaid, PreprocessingGuess } from '#shared/graph';
import type { Fit, Norm } from '#shared/release';
import type { Fact, Guess, inputFacts, Normalisation, Preparation, ScaledInput } from '#shared/zoo';

/** The files that were chosen together. */
export interface Brought {
  model: File;
  /** Among them its weights, where they lie in files of their own. */
  others: File[];
}

/** What is said of a file besides what it tells. */
export type Said = InputSaid & OutputSaid;

/** What a file is. */
export interface Found {
  facts: Fact[];
  /** Why it cannot be used; null where it can. */
  refused: string | null;
  /** Why no perturbation can be crafted on it; null where one can. */
  notCraftable: string | null;
  /** How its input lies, and whether its size is a guess; null where it is no image. */
  input: (ReturnType<typeof inputFacts> & ScaledInput & { assumed: boolean }) | null;
  guess: PreprocessingGuess | null;
  classes: number | null;
  /** Names of all outputs, and the one that is taken for the scores. */
  outputs: string[];
  output: string;
}

/** A prepared graph, and what it was made from. */
export interface Prepared {
  bytes: Uint8Array<ArrayBuffer>;
  sha256: string;
}

/** A question to a worker and its answer, by name. */
export type Tasks = Record<string, { asks: object; answers: unknown }>;

export interface GraphTasks extends Tasks {
  /** The files that all further questions are about. */
  read: { asks: Brought; answers: undefined };
  inspect: { asks: Said; answers: Found };
  /** The network for this canvas, that is told how pixels are scaled when it runs. */
  scaled: { asks: { preparation: Preparation; canvas: number }; answers: Prepared };
  prepare: { asks: { preparation: Preparation; canvas: number }; answers: Prepared & { output?: string } };
  /** The file with its weights in it. */
  whole: { asks: object; answers: { blob: Blob; sha256: string } };
}

/** Photos by their addresses, and how they become canvases. */
export interface Photos {
  urls: string[];
  canvas: number;
  fit: Fit;
}

/** What a network reads: a class and its probability. */
export interface Read {
  index: number;
  probability: number;
}

export interface ReadingTasks extends Tasks {
  /** The network that all further questions are about; for `trial` and `guess` as `scaled` gives it. */
  open: { asks: Prepared; answers: undefined };
  /** What the network reads in one photo under each of these. The photo is RGBA, `canvas` pixels a side. */
  trial: {
    asks: { photos: Photos; ways: Normalisation[] };
    answers: { photo: Uint8ClampedArray<ArrayBuffer>; reads: Read[] };
  };
  /** Which of the usual preprocessings is best on photos whose classes are known. */
  guess: {
    asks: { photos: Photos; truth: number[]; input: ScaledInput };
    answers: Guess;
  };
  /**
   * What the network reads in all photos with each pattern, or as they are where it is null, in parts: `PatternRead` as
   * it is found.
   */
  everything: {
    asks: { photos: Photos; patterns: (Pattern | null)[] };
    answers: { classes: number };
  };
}

/** A perturbation by the address of its array, or noise of the same bound. */
export type Pattern = { id: string } & ({ npy: string } | { noise: { norm: Norm; epsilon: number; seed: number } });

/** Class by photo; `id` is null of the photos as they are. */
export interface PatternRead {
  id: string | null;
  classes: number[];
}

/** `says` is for visitors. */
export type Report =
  | { type: 'progress'; id: number; done: number; total: number; what?: string }
  | { type: 'part'; id: number; part: unknown }
  | { type: 'answer'; id: number; answer: unknown }
  | { type: 'failed'; id: number; says: string };
