/** A photograph of a cell; labels with their probabilities. */
export interface BehindPhoto {
  photo: string;
  /** Address of its small picture; null where it is not published. */
  picture: string | null;
  before: [label: string, probability: number];
  after: [label: string, probability: number];
  fooled: boolean;
}

/** By network. */
export type Behind = Record<string, BehindPhoto[]>;
