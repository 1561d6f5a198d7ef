/** What went wrong, where, and what to do; `operator` and `node` name the culprit where one node is to blame. */
export class GraphError extends Error {
  readonly operator: string | undefined;
  readonly node: string | undefined;

  constructor(message: string, where: { operator?: string; node?: string } = {}) {
    super(message);
    this.name = 'GraphError';
    this.operator = where.operator;
    this.node = where.node;
  }
}
