import type { Fit, Preprocessing } from '#shared/release';

/** A network that the visitor brought, without its weights. */
export interface OwnNetworkSummary {
  /** "own." and the first 8 digits of `sha256`. */
  id: string;
  /** How the visitor calls it. */
  title: string;
  /** Of the graph that is prepared for `canvas`: what `atlas models prepare` makes of the same file has the same. */
  sha256: string;
  classes: number;
  /**
   * Side in pixels of the canvas that is the network's own, as the command line chooses it for a card that says this.
   */
  canvas: number;
  /** How a photo becomes that canvas. */
  fit: Fit;
  /** How the canvas becomes the network's input; all of it is in the graph. */
  preprocessing: Preprocessing;
  /** Which of the file's outputs has the class scores, where it has several. */
  output?: string;
  /** Where the names of the classes are from: a file, ImageNet's since there are 1000, or nowhere ("class 17"). */
  named: 'file' | 'imagenet' | 'none';
  /** Why no perturbation can be crafted on it, in the words of `atlas models inspect`; null where one can. */
  notCraftable: string | null;
  /** The file that was brought, with its weights in it. */
  source: { name: string; sha256: string; bytes: number };
  /** Whether this browser keeps it, so that it is there after the page is left. */
  isKept: boolean;
}

/** The same with all that is needed to run it. */
export interface OwnNetwork extends OwnNetworkSummary {
  /** Side of the canvas that `bytes` are prepared for: `canvas`, or the one that was asked for. */
  preparedFor: number;
  /** The prepared graph: canvas [N,3,S,S] in 0..255 to logits [N,classes]. */
  bytes: Uint8Array<ArrayBuffer>;
  /** By class. */
  labels: string[];
}

/** What is kept of one beside its files. */
export type Entry = Omit<OwnNetworkSummary, 'isKept'> & { labels: string[] };

/** What an id looks like; no other model of a release has one such. */
export const isOwnNetwork = (id: string): boolean => /^own\.[0-9a-f]{8}$/.test(id);
