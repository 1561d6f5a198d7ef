import { attribute, float } from '../model.ts';
import { type Contribution, type Rule, type Step, simple } from './types.ts';

const elementwise = (derivative: (step: Step) => string): Rule =>
  simple((gradient, step) => [step.b.mul(gradient, derivative(step))]);

/** 1 where y > 0, as y * 2^100 clipped to 0..1: one pass over memory where a comparison and a cast are two. */
const relu: Rule = elementwise(({ node, b }) =>
  b.add('HardSigmoid', [node.outputs[0]], { alpha: float(2 ** 100), beta: float(0) }),
);

/**
 * The mask reads the output and not the input: the runtime can then fuse the activation into the convolution before it.
 */
const clip: Rule = simple((gradient, step) => {
  const { node, b } = step;
  const [low, high] = [1, 2].map((input, i) => {
    const constant = b.facts.constants.get(node.inputs[input]);
    if (constant) return Number(constant.data[0]);
    return attribute(node, i === 0 ? 'min' : 'max', i === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
  });
  const y = node.outputs[0];
  // Bounds at the end of float32 mean "none".
  const conditions = [
    ...(node.inputs[1] || low > -3.4e38
      ? [
          b.add('Greater', [
            y,
            b.facts.constants.has(node.inputs[1]) || !node.inputs[1] ? b.scalar(low) : node.inputs[1],
          ]),
        ]
      : []),
    ...(node.inputs[2] || high < 3.4e38
      ? [b.add('Less', [y, b.facts.constants.has(node.inputs[2]) || !node.inputs[2] ? b.scalar(high) : node.inputs[2]])]
      : []),
  ];
  if (conditions.length === 0) return [gradient];
  const inside = b.mul(gradient, b.mask(conditions.length === 2 ? b.add('And', conditions) : conditions[0]));
  return [inside, ...boundsOfClip(gradient, step)];
});

/** Where a bound is the result, the gradient is the bound's; the upper one wins where they meet. */
function boundsOfClip(gradient: string, { node, b, needs }: Step): Contribution[] {
  const [y] = node.outputs;
  const below = (bound: string) => b.add('Less', [y, bound]);
  const where = (condition: string, bound: string) => b.sumTo(b.mul(gradient, b.mask(condition)), b.shape(bound));
  const [, low, high] = node.inputs;
  const atLow = () => {
    const condition = b.add('Not', [b.add('Greater', [y, low])]);
    return high ? b.add('And', [condition, below(high)]) : condition;
  };
  return [
    low && needs(1) ? where(atLow(), low) : undefined,
    high && needs(2) ? where(b.add('Not', [below(high)]), high) : undefined,
  ];
}

const sigmoidSlope = ({ node, b }: Step): string => {
  const y = node.outputs[0];
  return b.mul(y, b.add('Sub', [b.scalar(1), y]));
};

/** 1 strictly between two values of x and 0 elsewhere. */
const between = ({ node, b }: Step, low: number, high: number): string =>
  b.mask(
    b.add('And', [b.add('Greater', [node.inputs[0], b.scalar(low)]), b.add('Less', [node.inputs[0], b.scalar(high)])]),
  );

/** `positive` where x > 0, and `negative` elsewhere. */
const bySign = ({ node, b }: Step, positive: string, negative: string): string =>
  b.add('Where', [b.add('Greater', [node.inputs[0], b.scalar(0)]), positive, negative]);

const elu = (alpha: (step: Step) => number, gamma: (step: Step) => number): Rule =>
  elementwise((step) => {
    const { b, node } = step;
    // For x <= 0, y = gamma * alpha * (exp(x) - 1), so that dy/dx = y + gamma * alpha.
    const slope = b.add('Add', [node.outputs[0], b.scalar(alpha(step) * gamma(step))]);
    return bySign(step, b.scalar(gamma(step)), slope);
  });

/**
 * d/dx [x * Phi(x)] with Phi the normal distribution; D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", 2016,
 * arXiv 1606.08415.
 */
function geluSlope({ node, b }: Step): string {
  const [x] = node.inputs;
  if (attribute(node, 'approximate', 'none') === 'tanh') {
    // y = x/2 * (1 + t), t = tanh(u), u = c * (x + 0.044715 x^3)
    const c = Math.sqrt(2 / Math.PI);
    const square = b.mul(x, x);
    const inner = b.mul(b.mul(x, b.scalar(c)), b.add('Add', [b.scalar(1), b.mul(square, b.scalar(0.044715))]));
    const t = b.add('Tanh', [inner]);
    const slope = b.add('Add', [b.scalar(c), b.mul(square, b.scalar(3 * 0.044715 * c))]);
    const sech = b.add('Sub', [b.scalar(1), b.mul(t, t)]);
    const halves = b.add('Add', [b.scalar(0.5), b.mul(t, b.scalar(0.5))]);
    return b.add('Add', [halves, b.mul(b.mul(b.mul(x, b.scalar(0.5)), sech), slope)]);
  }
  const phi = b.add('Add', [b.scalar(0.5), b.mul(b.add('Erf', [b.mul(x, b.scalar(Math.SQRT1_2))]), b.scalar(0.5))]);
  const density = b.mul(b.add('Exp', [b.mul(b.mul(x, x), b.scalar(-0.5))]), b.scalar(1 / Math.sqrt(2 * Math.PI)));
  return b.add('Add', [phi, b.mul(x, density)]);
}

const softmax: Rule = simple((gradient, { node, b }) => {
  const y = node.outputs[0];
  const axis = attribute(node, 'axis', -1);
  const weighted = b.mul(gradient, y);
  return [b.add('Sub', [weighted, b.mul(y, b.sum(weighted, [axis], true))])];
});

const logSoftmax: Rule = simple((gradient, { node, b }) => {
  const total = b.sum(gradient, [attribute(node, 'axis', -1)], true);
  return [b.add('Sub', [gradient, b.mul(b.add('Exp', [node.outputs[0]]), total)])];
});

export const activations: Record<string, Rule> = {
  Relu: relu,
  Clip: clip,
  LeakyRelu: elementwise((step) => bySign(step, step.b.scalar(1), step.b.scalar(attribute(step.node, 'alpha', 0.01)))),
  PRelu: simple((gradient, step) => {
    const { node, b, needs } = step;
    const [x, slope] = node.inputs;
    const toSlope = () => b.sumTo(b.mul(gradient, b.add('Min', [x, b.scalar(0)])), b.shape(slope));
    return [b.mul(gradient, bySign(step, b.scalar(1), slope)), needs(1) ? toSlope() : undefined];
  }),
  Elu: elu(
    ({ node }) => attribute(node, 'alpha', 1),
    () => 1,
  ),
  Selu: elu(
    ({ node }) => attribute(node, 'alpha', 1.6732632423543772),
    ({ node }) => attribute(node, 'gamma', 1.0507009873554805),
  ),
  // For x <= 0, y = alpha * (exp(x / alpha) - 1), so that dy/dx = y / alpha + 1. J. T. Barron, 2017, arXiv 1704.07483.
  Celu: elementwise((step) => {
    const { b, node } = step;
    const slope = b.add('Add', [b.mul(node.outputs[0], b.scalar(1 / attribute(node, 'alpha', 1))), b.scalar(1)]);
    return bySign(step, b.scalar(1), slope);
  }),
  ThresholdedRelu: elementwise(({ node, b }) =>
    b.mask(b.add('Greater', [node.inputs[0], b.scalar(attribute(node, 'alpha', 1))])),
  ),
  Sigmoid: elementwise(sigmoidSlope),
  HardSigmoid: elementwise((step) => {
    const alpha = attribute(step.node, 'alpha', 0.2);
    const beta = attribute(step.node, 'beta', 0.5);
    return step.b.mul(between(step, -beta / alpha, (1 - beta) / alpha), step.b.scalar(alpha));
  }),
  // y = x * clip(x/6 + 1/2, 0, 1): the slope is x/3 + 1/2 between -3 and 3, then 1. A. Howard et al., 2019, arXiv
  // 1905.02244.
  HardSwish: elementwise((step) => {
    const { b, node } = step;
    const [x] = node.inputs;
    const inner = b.mul(between(step, -3, 3), b.add('Add', [b.mul(x, b.scalar(1 / 3)), b.scalar(0.5)]));
    return b.add('Add', [inner, b.mask(b.add('GreaterOrEqual', [x, b.scalar(3)]))]);
  }),
  Tanh: elementwise(({ node, b }) => b.add('Sub', [b.scalar(1), b.mul(node.outputs[0], node.outputs[0])])),
  // y = x / (1 + |x|), so that dy/dx = (1 - |y|)^2.
  Softsign: elementwise(({ node, b }) => {
    const rest = b.add('Sub', [b.scalar(1), b.add('Abs', [node.outputs[0]])]);
    return b.mul(rest, rest);
  }),
  // y = x * t, t = tanh(softplus(x)), so that dy/dx = t + x * (1 - t^2) * sigmoid(x). D. Misra, 2019, arXiv 1908.08681.
  Mish: elementwise(({ node, b }) => {
    const [x] = node.inputs;
    const t = b.add('Tanh', [b.add('Softplus', [x])]);
    const rest = b.mul(b.add('Sub', [b.scalar(1), b.mul(t, t)]), b.add('Sigmoid', [x]));
    return b.add('Add', [t, b.mul(x, rest)]);
  }),
  Softplus: elementwise(({ node, b }) => b.add('Sigmoid', [node.inputs[0]])),
  Erf: elementwise(({ node, b }) =>
    b.mul(b.add('Exp', [b.add('Neg', [b.mul(node.inputs[0], node.inputs[0])])]), b.scalar(2 / Math.sqrt(Math.PI))),
  ),
  Gelu: elementwise(geluSlope),
  Softmax: softmax,
  LogSoftmax: logSoftmax,
};
