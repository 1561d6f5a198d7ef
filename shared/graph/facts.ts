import type { Dim, ValueType } from './model.ts';
import type { Tensor } from './tensor.ts';

/** What is known about the values of a graph so far. */
export interface Facts {
  opset: number;
  types: Map<string, ValueType>;
  constants: Map<string, Tensor>;
  /** Integer scalars and vectors that are known up to symbolic dimensions, such as the result of Shape. */
  vectors: Map<string, Dim[]>;
}
