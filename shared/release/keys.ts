import type { Norm } from './bounds.ts';

/** Every key name of a release is made here and read from the manifest. See docs/architecture.md. */
export const LATEST_KEY = 'latest.json';
export const modelKey = (sha256: string) => `models/${sha256}.onnx`;
export const releasePrefix = (version: string) => `releases/${version}/`;
export const manifestKey = (version: string) => `${releasePrefix(version)}manifest.json`;
export const runKey = (version: string) => `${releasePrefix(version)}run.json`;

/** Names that Windows keeps for devices, whatever extension follows. */
const device = /^(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(\.|$)/i;

/**
 * Whether a text may be one part of a key: a name that every file system and address carries as it is. None has
 * characters that separate, steer or hide (control and bidi characters among them), begins with a dot (`..`, `.git`),
 * ends in a dot or space, which Windows drops, is a device there, or is longer than a file system takes.
 */
export function isSafeName(name: string): boolean {
  return (
    name.length > 0 &&
    new TextEncoder().encode(name).length <= 255 &&
    !/[\\/:*?"<>|\p{C}\p{Zl}\p{Zp}]/u.test(name) &&
    !/^[. ]|[. ]$/.test(name) &&
    !device.test(name)
  );
}

/**
 * Keys become paths and addresses: one that could climb out of its folder, or that is no safe name in each of its
 * parts, is refused.
 */
export const isSafeKey = (key: string) => key.length <= 1024 && key.split('/').every(isSafeName);

/** e.g. "squeezenet1_1.cosine-uap.inf10.s1": surrogate, attack, norm and bound, seed. */
export function perturbationId(of: {
  surrogates: string[];
  attack: string;
  norm: Norm;
  epsilon: number;
  seed: number;
  /** Of crafting photos; left out: all of them. */
  photos?: number;
}): string {
  const surrogate = of.surrogates.join('+');
  return [
    ...(surrogate ? [surrogate] : []),
    of.attack,
    `${of.norm === 'inf' ? 'inf' : 'l2-'}${of.epsilon}`,
    `s${of.seed}`,
    ...(of.photos === undefined ? [] : [`photos${of.photos}`]),
  ].join('.');
}

/**
 * "koala.jpg" -> "koala": what a photo of a release goes by. Its file's name, without folders and without the ending.
 */
export const photoId = (file: string) => file.replace(/^.*\//, '').replace(/\.[^.]+$/, '');
