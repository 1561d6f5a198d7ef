import type { Budget } from './budget.ts';
import type { Dim, ValueType } from './model.ts';
import type { Tensor } from './tensor.ts';

/** What is known about the values of a graph so far. */
export interface Facts {
  opset: number;
  /** Of the analysis that these facts come from: what is added to its graph is counted as well. */
  budget: Budget;
  types: Map<string, ValueType>;
  constants: Map<string, Tensor>;
  /** Integer scalars and vectors that are known up to symbolic dimensions, such as the result of Shape. */
  vectors: Map<string, Dim[]>;
}
