/** What went wrong, where, and what to do; `operator` and `node` name the culprit where one node is to blame. */
export class GraphError extends Error {
  readonly operator: string | undefined;
  readonly node: string | undefined;

  constructor(message: string, where: { operator?: string; node?: string; cause?: unknown } = {}) {
    super(message, 'cause' in where ? { cause: where.cause } : undefined);
    this.name = 'GraphError';
    this.operator = where.operator;
    this.node = where.node;
  }
}

/** A shape that no tensor has. Whoever knows the node that asks for it says so in a GraphError. */
export class ImpossibleShape extends RangeError {
  constructor(shape: readonly number[]) {
    super(`a tensor would have the shape [${shape.slice(0, 8)}]`);
    this.name = 'ImpossibleShape';
  }
}
