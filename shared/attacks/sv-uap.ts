/**
 * SV-UAP: V. Khrulkov, I. Oseledets, "Art of singular vectors and universal adversarial perturbations", CVPR 2018,
 * arXiv 1709.03582.
 *
 *   max_v  sum_x |J_x v|_q^q   with |v|_p = epsilon,
 * J_x the Jacobian of a hidden layer at photo x: the (p,q)-singular vector, found by the generalised power method (D.
 * Boyd, 1974),
 *   v <- epsilon * psi_p'(sum_x J_x^T psi_q(J_x v)), normalised;   psi_r(z) = sign(z) |z|^(r-1).
 * Under norm inf the outer psi is the sign, under norm 2 nothing. q = 10 and 64 photos are the paper's, which finds
 * layer and q for each network by a grid: `bench/attacks/papers.ts` does, on crafting photos. Its best layers lie early
 * in the network.
 *
 * J_x^T u is a gradient (of the layer's outputs times u). J_x v is had by central differences of the layer along v,
 * half a pixel value to either side: two forward passes in place of a second differentiation.
 */
import { z } from 'zod';
import { l2Norm, linfNorm } from '#shared/images';
import { attack } from './attack.ts';
import type { Allowance } from './budget.ts';
import { noiseStart, startAt } from './descend.ts';
import { here, programOf } from './graphs.ts';
import type { Surrogates } from './surrogates.ts';

/** Pixel values by which photos are moved to either side. */
const reach = 0.5;
/** Photos whose hidden layers are in memory at once. */
const together = 8;
/** The method has settled when so few values change sign. */
const settled = 1e-4;

const schema = z.strictObject({
  depth: z.number().min(0).max(1).default(0.3).describe('which layer: its position as a share of all layers'),
  q: z
    .number()
    .min(1)
    .max(20)
    .default(10)
    .describe('exponent of the norm in which the change of the layer is measured'),
  photos: z.int().min(1).default(64).describe('photos whose Jacobians are summed'),
});

export const svUap = attack({
  name: 'sv-uap',
  source: import.meta.url,
  summary: 'The direction to which a hidden layer reacts most: a singular vector of its Jacobian, by the power method.',
  paper: {
    authors: 'V. Khrulkov, I. Oseledets',
    title: 'Art of singular vectors and universal adversarial perturbations',
    year: 2018,
    venue: 'CVPR',
    arxiv: '1709.03582',
  },
  usesModel: true,
  ensembles: false,
  keeps: 'best',
  settings: schema,
  async begin(surrogates, budget, { depth, q, photos }) {
    const { norm, epsilon, crafting } = surrogates.task;
    const product = await jacobianAt(surrogates, budget, depth, q);
    const v = startAt(surrogates.length, noiseStart(surrogates, 1));
    const chosen = crafting.slice(0, photos);
    return {
      state: { v },
      async step() {
        if (budget.left < chosen.length) return false;
        const along = norm === 'inf' ? linfNorm(v) : l2Norm(v) / Math.sqrt(v.length);
        const probe = v.map((value) => (value * reach) / along);
        const parts: Product[] = [];
        for (let i = 0; i < chosen.length; i += together)
          parts.push(await product(chosen.slice(i, i + together), probe));
        const sum = added(parts, q);
        const size = l2Norm(sum);
        let changed = 0;
        for (let k = 0; k < v.length; k++) {
          const value = norm === 'inf' ? epsilon * Math.sign(sum[k]) : (epsilon * sum[k]) / size;
          if (Math.sign(value) !== Math.sign(v[k])) changed++;
          v[k] = value;
        }
        return changed > settled * v.length;
      },
    };
  },
});

interface Product {
  /**
   * sum over photos of J^T psi_q(J probe / largest): a tenth power of the thing itself would leave the range of
   * float32.
   */
  sum: Float32Array;
  /** The largest value of J probe. */
  largest: number;
}

/** The products as if none had been divided by its largest, up to a factor. */
function added(products: Product[], q: number): Float32Array {
  const largest = Math.max(...products.map((product) => product.largest));
  const total = new Float32Array(products[0].sum.length);
  for (const { sum, largest: own } of products) {
    const scale = (own / largest) ** (q - 1);
    for (let k = 0; k < total.length; k++) total[k] += scale * sum[k];
  }
  return total;
}

async function jacobianAt(
  surrogates: Surrogates,
  budget: Allowance,
  depth: number,
  q: number,
): Promise<(photos: number[], probe: Float32Array) => Promise<Product>> {
  const { compute, photos, signal, graphs = here } = surrogates.task;
  const [{ surrogate }] = surrogates.views;
  const made = await graphs.layer({ id: surrogate.id, bytes: surrogate.bytes }, depth, compute.profile);
  const [forward, backward] = [programOf(made.forward), programOf(made.backward)];
  for (const { key } of [forward, backward]) surrogates.uses(key);
  const zero = new Float32Array(surrogates.length);
  return async (chosen, probe) => {
    const items = chosen.map((photo, row) => ({ photo, flip: false, row }));
    const layer = async (v: Float32Array) =>
      (await compute.logits({ program: forward, photos, items, v, rule: 'free', signal })).logits;
    const [ahead, behind] = [await layer(probe), await layer(probe.map((value) => -value))];
    const width = ahead.length / items.length;
    const difference = ahead.map((value, i) => value - behind[i]);
    const largest = linfNorm(difference) || 1;
    const data = difference.map((value) => Math.sign(value) * Math.abs(value / largest) ** (q - 1));
    items.forEach((_, i) => {
      const strongest = linfNorm(difference.subarray(i * width, (i + 1) * width));
      surrogates.running.add(-strongest / (2 * reach), null);
    });
    const found = await compute.gradient({
      ...{ program: backward, photos, items, v: zero, signal },
      tables: { cotangent: { data, width } },
    });
    budget.spend(items.length);
    return { sum: found.gradient, largest };
  };
}
