// Losses as graphs: each takes a prepared model and returns it with one more output, `loss` [N], and the inputs the
// loss needs.
import { Builder } from './builder.ts';
import { GraphError } from './errors.ts';
import { int, type Model, nodeOf, type Value } from './model.ts';
import { setAside } from './names.ts';
import { inTheWay } from './paths.ts';
import { int64s } from './tensor.ts';

/**
 * Appends a loss that reads the model's first output (`logits` in prepared models).
 *
 * The loss is called `loss`, and its inputs have the names that they are fed by: values of the model that have one of
 * these names get another. The model's inputs and outputs keep their order; `write` is told what values are called now.
 *
 * @throws GraphError where the model has a loss already, or an operator without a rule
 */
export function composeLoss(
  original: Model,
  inputs: (logits: Value) => Value[],
  write: (b: Builder, logits: string, renamed: (name: string) => string) => string,
): Model {
  const [output] = original.outputs;
  if (!output) throw new GraphError('The model has no output, so there is nothing to take a loss of.');
  const added = inputs(output);
  const composed =
    output.name === 'loss' && added.find(({ name }) => original.inputs.slice(1).some((input) => input.name === name));
  if (composed)
    throw new GraphError(
      `The model already has an input "${composed.name}". Compose one loss with a prepared model, not two.`,
    );
  const { model, names } = setAside(original, ['loss', ...added.map(({ name }) => name)]);
  const [logits] = model.outputs;
  try {
    const b = new Builder({ ...model, inputs: [...model.inputs, ...added] });
    b.scope = 'loss';
    b.append(nodeOf('Identity', [write(b, logits.name, (name) => names.get(name) ?? name)], 'loss'));
    const shape = b.shape('loss');
    return b.finish({ outputs: [{ name: 'loss', type: 'float32', shape }, ...model.outputs] });
  } catch (error) {
    throw inTheWay(error, model, model.inputs[0]?.name ?? '', logits.name);
  }
}

/** Adds the input `labels`, int64 [N], to what a loss reads. */
const labelled = (logits: Value): Value[] => [{ name: 'labels', type: 'int64', shape: logits.shape?.slice(0, 1) }];

/** Booleans [N,K], true at each sample's label. */
function atLabel(b: Builder, classes: number): string {
  const range = b.constant(
    int64s(
      Array.from({ length: classes }, (_, i) => i),
      [1, classes],
    ),
    'classes',
  );
  return b.add('Equal', [b.add('Unsqueeze', ['labels', b.ints([1])]), range]);
}

const clampedAt = (b: Builder, loss: string, bound: number | undefined): string =>
  bound === undefined ? loss : b.add('Clip', [loss, '', b.scalar(bound)]);

function classesOf(logits: Value): number {
  const classes = logits.shape?.[1];
  if (logits.shape?.length !== 2 || typeof classes !== 'number') {
    throw new GraphError(
      `The output "${logits.name}" has shape [${logits.shape}], not [N, classes]. Prepare the model first.`,
    );
  }
  return classes;
}

/**
 * Cross-entropy against a label: loss = -log softmax(logits)[label], in nats, per sample.
 *
 * Adds the input `labels`, int64 [N]. With `clampAt` the loss is min(loss, clampAt), whose gradient is 0 for samples
 * above it, so that photos that are misread already stop pulling.
 */
export function withCrossEntropy(model: Model, { clampAt }: { clampAt?: number } = {}): Model {
  return composeLoss(model, labelled, (b, logits) => {
    const chosen = b.mask(atLabel(b, classesOf(model.outputs[0])));
    const likelihood = b.sum(b.mul(b.add('LogSoftmax', [logits], { axis: int(1) }), chosen), [1], false);
    return clampedAt(b, b.add('Neg', [likelihood]), clampAt);
  });
}

/**
 * Logit margin: by how much the strongest other class exceeds the label's, per sample: loss = max over j != label of
 * logits_j - logits_label. N. Carlini, D. Wagner, "Towards Evaluating the Robustness of Neural Networks", 2017, arXiv
 * 1608.04644, with its sign turned.
 *
 * Positive where the sample is misread. Adds the input `labels`, int64 [N]. With `clampAt` the loss is min(loss,
 * clampAt), whose gradient is 0 for samples that are misread by more than that.
 */
export function withMargin(model: Model, { clampAt }: { clampAt?: number } = {}): Model {
  return composeLoss(model, labelled, (b, logits) => {
    const chosen = atLabel(b, classesOf(model.outputs[0]));
    const others = b.add('Where', [chosen, b.scalar(-3.4e38), logits]);
    const strongest = b.add('Squeeze', [b.maximum(others, [1]), b.ints([1])]);
    const own = b.sum(b.mul(logits, b.mask(chosen)), [1], false);
    return clampedAt(b, b.add('Sub', [strongest, own]), clampAt);
  });
}

/**
 * Cosine between the logits and reference logits (those of the clean photos), per sample:
 * loss = <a, r> / (|a| |r|), a = logits - centre, r = reference - centre.
 *
 * Adds the inputs `reference`, float32 [N,K], and `centre`, float32 [K]; a centre of zeros gives the plain cosine.
 *
 * With `evade` the last class of the model is "tampered with" (`withExtraClass`): the cosine is that of the others, and
 * evade * log(1 + exp(excess)) is added, excess the logit of the last class less the largest of the others. So going
 * down the loss of a positive `evade` leads away from the clean logits and below the threshold of that class at once.
 */
export function withCosine(model: Model, { evade }: { evade?: number } = {}): Model {
  const classes = classesOf(model.outputs[0]);
  return composeLoss(
    model,
    (logits) => [
      { name: 'reference', type: 'float32', shape: logits.shape },
      { name: 'centre', type: 'float32', shape: [classes] },
    ],
    (b, logits) => {
      const [a, r] = [logits, 'reference'].map((value) => b.add('Sub', [value, 'centre']));
      if (evade === undefined) return cosineOf(b, a, r);
      const own = classes - 1;
      const cosine = cosineOf(b, columns(b, a, 0, own), columns(b, r, 0, own));
      const others = b.maximum(columns(b, logits, 0, own), [1]);
      const excess = b.add('Sub', [columns(b, logits, own, classes), others]);
      const penalty = b.mul(b.add('Softplus', [b.add('Squeeze', [excess, b.ints([1])])]), b.scalar(evade));
      return b.add('Add', [cosine, penalty]);
    },
  );
}

/** Of rows [N,K] each, per sample. */
function cosineOf(b: Builder, a: string, r: string): string {
  const dot = (x: string, y: string) => b.sum(b.mul(x, y), [1], false);
  // Far below any real logits: it only keeps the all-zero vector from dividing by zero.
  const norms = b.add('Sqrt', [b.add('Add', [b.mul(dot(a, a), dot(r, r)), b.scalar(1e-20)])]);
  return b.add('Div', [dot(a, r), norms]);
}

/** Columns `from` to `to` of [N,K]. */
const columns = (b: Builder, rows: string, from: number, to: number): string =>
  b.add('Slice', [rows, b.ints([from]), b.ints([to]), b.ints([1])]);

/**
 * The sum of output times cotangent, per sample: its gradient is the vector-Jacobian product of the model.
 *
 * Adds the input `cotangent` in the shape of the model's first output. `loss` has shape [N], or [1] where the output
 * has no axes.
 *
 * The batch of the cotangent has a name of its own, `M`: one image with M cotangents gives M gradients for a single
 * forward pass, since what the forward pass left behind broadcasts against them. That is how several class gradients of
 * an image are had at once, for models of which `keepsBatchApart` holds.
 */
export function withCotangent(model: Model): Model {
  return composeLoss(
    model,
    ({ shape }) => [
      { name: 'cotangent', type: 'float32', shape: shape?.map((dim, axis) => (axis === 0 && dim === 'N' ? 'M' : dim)) },
    ],
    (b, output) => {
      const product = b.mul('cotangent', output);
      const axes = b
        .shape(output)
        .map((_, axis) => axis)
        .slice(1);
      return axes.length > 0 ? b.sum(product, axes, false) : product;
    },
  );
}
