import { GraphError, ImpossibleShape } from './errors.ts';
import type { Facts } from './facts.ts';
import { type Attribute, type Dim, float, int, ints, type Model, type Node } from './model.ts';
import { namesOf } from './names.ts';
import { analyse, inferNode } from './shapes.ts';
import { floats, int64s, type Tensor } from './tensor.ts';

type Attributes = Record<string, Attribute>;

/**
 * Appends nodes to a model and knows the shape of everything in it.
 *
 * It only writes operators whose meaning is the same in operator sets 13 to 22, so the model's own set need not be
 * changed.
 */
export class Builder {
  readonly model: Model;
  readonly facts: Facts;
  /** Begins the name of every node and value that is added. */
  scope = 'added';
  readonly #nodes: Node[];
  readonly #constants: Map<string, Tensor>;
  readonly #shared = new Map<string, string>();
  readonly #taken: Set<string>;
  #count = 0;

  /** @param elsewhere names that are taken outside of the model as well */
  constructor(model: Model, elsewhere: Iterable<string> = []) {
    this.facts = analyse(model);
    this.#nodes = [...model.nodes];
    this.#constants = new Map(model.constants);
    this.#taken = new Set([...namesOf(model), ...elsewhere]);
    this.model = model;
  }

  /** Appends a node with one output and returns the output's name. */
  add(operator: string, inputs: string[], attributes: Attributes = {}): string {
    return this.addMany(operator, inputs, 1, attributes)[0];
  }

  addMany(operator: string, inputs: string[], outputs: number, attributes: Attributes = {}): string[] {
    const name = this.#name(operator, outputs);
    const names = outputsOf(name, outputs);
    this.append({ operator, domain: '', name, inputs, outputs: names, attributes });
    return names;
  }

  append(node: Node): void {
    this.facts.budget.add(node);
    this.#nodes.push(node);
    inferNode({ ...node }, this.facts, true);
  }

  constant(tensor: Tensor, hint = 'constant'): string {
    // A rule that reads beyond what a malformed node has makes holes, whatever the types say.
    if (!tensor.shape.every(Number.isInteger)) throw new ImpossibleShape(tensor.shape);
    const key = tensor.data.length <= 16 ? `${tensor.type}[${tensor.shape}]${tensor.data.join()}` : undefined;
    const existing = key && this.#shared.get(key);
    if (existing) return existing;
    this.facts.budget.hold(tensor.shape);
    const name = this.#name(hint);
    this.#constants.set(name, tensor);
    this.facts.constants.set(name, tensor);
    this.facts.types.set(name, tensor);
    if (key) this.#shared.set(key, name);
    return name;
  }

  /**
   * Before a rule makes a table of this shape itself: the sizes come from the file.
   * @throws GraphError beyond the budget of the graph
   */
  afford(shape: readonly number[], steps = 0): void {
    this.facts.budget.hold(shape, steps);
  }

  scalar = (value: number): string => this.constant(floats([value], []));
  ints = (values: number[]): string => this.constant(int64s(values));

  shape(name: string): Dim[] {
    const shape = this.facts.types.get(name)?.shape;
    if (!shape)
      throw new GraphError(
        `The shape of "${name}" is not known, so nothing can be built on it. Give the model's input a fixed shape.`,
      );
    return shape;
  }

  mul = (a: string, b: string): string => this.add('Mul', [a, b]);
  /** 1 where a boolean holds and 0 elsewhere. */
  mask = (condition: string): string => this.add('Cast', [condition], { to: int(1) });
  /** -1, 0 or 1. Two comparisons instead of Sign, which the WebGPU provider lacks. */
  sign = (x: string): string =>
    this.add('Sub', [
      this.mask(this.add('Greater', [x, this.scalar(0)])),
      this.mask(this.add('Less', [x, this.scalar(0)])),
    ]);
  sum = (x: string, axes: number[], keep: boolean): string =>
    this.add('ReduceSum', [x, this.ints(axes)], { keepdims: int(keep ? 1 : 0) });
  /** The mean along axes, which stay as axes of size 1; also along those whose size only the running model knows. */
  mean(x: string, axes: number[]): string {
    const shape = this.shape(x);
    const count = axes.reduce((product, axis) => product * Number(shape[axis]), 1);
    if (!Number.isNaN(count)) return this.mul(this.sum(x, axes, true), this.scalar(1 / count));
    return this.model.opset < 18
      ? this.add('ReduceMean', [x], { axes: ints(axes) })
      : this.add('ReduceMean', [x, this.ints(axes)]);
  }
  /**
   * The largest along axes, which stay as axes of size 1. The operator takes its axes as an attribute up to set 17,
   * then as an input.
   */
  maximum = (x: string, axes: number[]): string =>
    this.model.opset < 18
      ? this.add('ReduceMax', [x], { axes: ints(axes) })
      : this.add('ReduceMax', [x, this.ints(axes)]);
  transpose = (x: string, order: number[]): string =>
    order.every((axis, i) => axis === i) ? x : this.add('Transpose', [x], { perm: ints(order) });
  power = (x: string, exponent: number): string => this.add('Pow', [x, this.scalar(exponent)]);
  leaky = (x: string, alpha: number): string => this.add('LeakyRelu', [x], { alpha: float(alpha) });

  /**
   * Sums over `size` neighbouring channels around each, those that LRN looks at, as a 1x1 convolution with a banded 0/1
   * matrix; `turned` exchanges the sides, which differ where `size` is even.
   */
  aroundChannels(x: string, size: number, turned: boolean): string {
    const shape = this.shape(x);
    const channels = Number(shape[1]);
    this.afford([channels, channels]);
    const band = new Float32Array(channels * channels);
    for (let i = 0; i < channels; i++) {
      const first = Math.max(0, i - Math.floor((size - 1) / 2));
      const last = Math.min(channels - 1, i + Math.ceil((size - 1) / 2));
      for (let j = first; j <= last; j++) band[turned ? j * channels + i : i * channels + j] = 1;
    }
    const kernel = shape.slice(2).map(() => 1);
    return this.add('Conv', [x, this.constant(floats(band, [channels, channels, ...kernel]), 'band')]);
  }

  /** A constant shape with at most one unknown, or the shape that `like` has when the model runs. */
  shapeVector(shape: readonly Dim[], like: string): string {
    const names = shape.filter((dim) => typeof dim === 'string');
    if (names.length === 0) return this.ints(shape as number[]);
    if (names.length === 1 && !shape.includes(0))
      return this.ints(shape.map((dim) => (typeof dim === 'string' ? -1 : dim)));
    return this.add('Shape', [like]);
  }

  zerosLike(like: string): string {
    const one = this.shape(like).map(() => 1);
    return this.expandLike(this.constant(floats([0], one)), like);
  }

  /** Gives `x` the shape of `like`. */
  reshapeLike(x: string, like: string): string {
    const shape = this.shape(like);
    const own = this.facts.types.get(x)?.shape;
    if (own?.length === shape.length && own.every((dim, axis) => dim === shape[axis])) return x;
    const result = this.add('Reshape', [x, this.shapeVector(shape, like)]);
    this.facts.types.set(result, { type: 'float32', shape });
    return result;
  }

  /** Repeats `x`, which has 1 or the right size along every axis, to the shape of `like`. */
  expandLike(x: string, like: string): string {
    const shape = this.shape(like);
    const own = this.shape(x);
    const aligned = shape.map((dim, axis) => ({ dim, own: own[axis - shape.length + own.length] ?? 1 }));
    if (own.length === shape.length && aligned.every((axis) => axis.own === axis.dim)) return x;
    // Expand broadcasts both ways: a 1 leaves an unknown size that x already has alone.
    const constant = aligned.every(({ dim, own: mine }) => typeof dim === 'number' || mine === dim);
    const target = constant
      ? this.ints(aligned.map(({ dim }) => (typeof dim === 'number' ? dim : 1)))
      : this.add('Shape', [like]);
    const result = this.add('Expand', [x, target]);
    this.facts.types.set(result, { type: 'float32', shape });
    return result;
  }

  /** The opposite of broadcasting: sums `x` over the axes along which something of shape `target` was repeated. */
  sumTo(x: string, target: readonly Dim[]): string {
    const own = this.shape(x);
    const extra = own.length - target.length;
    const leading = own.slice(0, extra).map((_, axis) => axis);
    const repeated = target.flatMap((dim, axis) => (dim === 1 && own[axis + extra] !== 1 ? [axis + extra] : []));
    let result = x;
    if (repeated.length > 0) result = this.sum(result, repeated, true);
    return leading.length > 0 ? this.sum(result, leading, false) : result;
  }

  /** The model with everything that was added, and these changes. */
  finish(changes: Partial<Model>): Model {
    return { ...this.model, nodes: this.#nodes, constants: this.#constants, ...changes };
  }

  #name(hint: string, outputs = 1): string {
    let name: string;
    do name = `${this.scope}/${hint}_${this.#count++}`;
    while (outputsOf(name, outputs).some((output) => this.#taken.has(output)));
    return name;
  }
}

const outputsOf = (name: string, count: number): string[] =>
  count === 1 ? [name] : Array.from({ length: count }, (_, i) => `${name}.${i}`);
