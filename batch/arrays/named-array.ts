export interface NamedArray {
  name: string;
  data: ArrayLike<number | bigint>;
  /** In C order: the last axis varies fastest. */
  shape: number[];
}
