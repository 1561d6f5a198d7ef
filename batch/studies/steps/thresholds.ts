/**
 * How strong perturbations have to be on each of some evaluation photos: the one that was crafted for all, noise, and
 * those that are made for one photo alone: a step along the sign of its gradient (FGSM: I. Goodfellow, J. Shlens, C.
 * Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015, arXiv 1412.6572) and DeepFool's, each tried on
 * its own photo and on another one.
 */

import { deepFool, networkOn } from '#shared/attacks';
import { writeNpy } from '#shared/formats';
import { l2Norm } from '#shared/images';
import { argmax, softmax } from '#shared/metrics';
import type { Norm } from '#shared/release';
import {
  type PerturbationResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readPerturbation,
  readPrepared,
  someOf,
  type ThresholdsResult,
  thresholdKinds,
  thresholdsResult,
} from '../../analyses/index.ts';
import { computeOf, defineStep, type Job } from '../../jobs/index.ts';
import { graphsApart } from '../../zoo/index.ts';
import { smallestStrengths } from './strengths.ts';

const deepFoolSettings = { classes: 10, overshoot: 0.02, steps: 20 };
/** Photos whose gradients lie in memory at once. */
const together = 8;

interface Inputs {
  prepared: Job<PreparedResult>;
  evaluation: Job<PhotosResult>;
  perturbation: Job<PerturbationResult>;
  noise: Job<PerturbationResult>;
  /** Of the perturbation: the step of FGSM goes by the sign of the gradient under "inf", by the gradient under "2". */
  norm: Norm;
  /** How many of the photos; null: all. */
  photos: number | null;
  provider: string;
}

export const thresholdsStep = defineStep<Inputs, ThresholdsResult, { id: string }>({
  name: 'thresholds',
  source: import.meta.url,
  result: thresholdsResult,
  async run({ machine, signal, report }, inputs, { id }) {
    const { prepared, evaluation, norm, photos } = inputs;
    const compute = await computeOf(machine);
    const model = { id, bytes: await readPrepared(prepared), sha256: prepared.result.sha256 };
    const program = { key: model.sha256, bytes: model.bytes };
    const canvases = await readCanvases(evaluation);
    const items = someOf(evaluation.result.names.length, photos).map((photo) => ({ photo, flip: false }));
    const total = items.length * (thresholdKinds.length + 1);
    const clean = await compute.logits({ program, photos: canvases, items, signal });
    const { classes } = clean;
    const logits = items.map((_, i) => clean.logits.subarray(i * classes, (i + 1) * classes));
    const graphs = graphsApart(signal);
    const network = await networkOn(compute, { ...model, classes }, canvases, { signal, graphs });
    const zero = new Float32Array(3 * canvases.size ** 2);
    const [universal, noise] = await Promise.all([inputs.perturbation, inputs.noise].map(readPerturbation));
    // What is compared is as long as the universal one.
    const toLength = (v: Float32Array) => {
      const scale = l2Norm(universal) / (l2Norm(v) || 1);
      return v.map((value) => scale * value);
    };

    const single = { fgsm: [] as Float32Array[], deepfool: [] as Float32Array[] };
    for (let start = 0; start < items.length; start += together) {
      const points = items.slice(start, start + together).map((item, i) => ({ item, logits: logits[start + i] }));
      const gradients = await network.classGradients(
        points.map(({ item, logits }) => ({ item, v: zero, cotangents: lossCotangent(logits) })),
      );
      single.fgsm.push(...gradients.map(({ gradients: g }) => toLength(norm === 'inf' ? g.map(Math.sign) : g)));
      const found = await deepFool(network, points, zero, deepFoolSettings);
      single.deepfool.push(...found.map(({ r }) => toLength(r)));
      report({ done: start + points.length, total, unit: 'photos' });
    }
    await network.close();

    const ofAnother = (all: Float32Array[]) => all.map((_, i) => all[(i + 1) % all.length]);
    const directions: Record<(typeof thresholdKinds)[number], Float32Array[]> = {
      universal: items.map(() => universal),
      noise: items.map(() => noise),
      ...single,
      'fgsm of another photo': ofAnother(single.fgsm),
      'deepfool of another photo': ofAnother(single.deepfool),
    };
    const labelsOf = async (shown: typeof items, v: Float32Array[], rule: 'rounded' | 'clipped') => {
      const said = await compute.logits({ program, photos: canvases, items: shown, v, rule, signal });
      return shown.map((_, i) => argmax(said.logits, i * classes, classes));
    };
    const before = logits.map((row) => argmax(row));
    const labels = [before];
    const kinds: ThresholdsResult['kinds'] = [];
    for (const [k, name] of thresholdKinds.entries()) {
      const along = directions[name];
      labels.push(await labelsOf(items, along, 'rounded'));
      const strengths = await smallestStrengths(items.length, async (tried) => {
        const after = await labelsOf(
          tried.map(({ photo }) => items[photo]),
          tried.map(({ photo, strength }) => along[photo].map((value) => strength * value)),
          'clipped',
        );
        return after.map((label, i) => label !== before[tried[i].photo]);
      });
      kinds.push({ strengths, lengths: along.map(l2Norm) });
      report({ done: items.length * (k + 2), total, unit: 'photos' });
    }
    return {
      result: { conditions: labels.length, photos: items.length, kinds },
      files: { 'labels.npy': writeNpy(Int32Array.from(labels.flat()), [labels.length, items.length]) },
    };
  },
});

/** Its sum with the logits has the gradient of the cross-entropy against the likeliest class. */
function lossCotangent(logits: Float32Array): Float32Array {
  const cotangent = Float32Array.from(softmax(logits));
  cotangent[argmax(logits)] -= 1;
  return cotangent;
}
