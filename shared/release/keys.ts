import type { Norm } from './bounds.ts';

/** Every key name of a release is made here and read from the manifest. See docs/architecture.md. */
export const LATEST_KEY = 'latest.json';
export const modelKey = (sha256: string) => `models/${sha256}.onnx`;
export const releasePrefix = (version: string) => `releases/${version}/`;
export const manifestKey = (version: string) => `${releasePrefix(version)}manifest.json`;
export const runKey = (version: string) => `${releasePrefix(version)}run.json`;

/** e.g. "squeezenet1_1.cosine-uap.inf10.s1": surrogate, attack, norm and bound, seed. */
export function perturbationId(of: {
  surrogates: string[];
  attack: string;
  norm: Norm;
  epsilon: number;
  seed: number;
}): string {
  const surrogate = of.surrogates.join('+');
  return [
    ...(surrogate ? [surrogate] : []),
    of.attack,
    `${of.norm === 'inf' ? 'inf' : 'l2-'}${of.epsilon}`,
    `s${of.seed}`,
  ].join('.');
}

/**
 * "koala.jpg" -> "koala": what a photo of a release goes by. Its file's name, without folders and without the ending.
 */
export const photoId = (file: string) => file.replace(/^.*\//, '').replace(/\.[^.]+$/, '');
