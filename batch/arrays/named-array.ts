export interface NamedArray {
  readonly name: string;
  /** Unpacked when it is first asked for. @throws FormatError where it cannot be. */
  readonly data: ArrayLike<number | bigint>;
  /** In C order: the last axis varies fastest. */
  readonly shape: number[];
}

/** An array whose numbers stay in the file until somebody asks for them. */
export function arrayOf(name: string, shape: number[], read: () => NamedArray['data']): NamedArray {
  let data: NamedArray['data'] | undefined;
  return {
    name,
    shape,
    get data() {
      data ??= read();
      return data;
    },
  };
}
