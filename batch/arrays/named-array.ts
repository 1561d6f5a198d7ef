export type Numbers = ArrayLike<number | bigint>;

export interface NamedArray {
  readonly name: string;
  /** In C order: the last axis varies fastest. */
  readonly shape: number[];
  /** NumPy's name of what its numbers are, as far as it matters here: "float32", "uint8". */
  readonly type: string;
  /** Its numbers, which are only unpacked here. @throws FormatError where they cannot be. */
  read(): Promise<Numbers>;
}

/** What a file holds. */
export interface Contents {
  arrays: NamedArray[];
  /** What else is in it and is no array of real numbers that is read here, and why: they are no harm to the others. */
  others: { name: string; why: string }[];
  /** What of its own it says of the unit of its numbers: the largest pixel value. */
  scale?: number;
}

/** The name of a type by the kind and the width of its numbers. */
export const typeName = (kind: 'int' | 'uint' | 'float', width: number): string => `${kind}${8 * width}`;
