import type { Norm } from './bounds.ts';

/** What a .safetensors file of the Atlas says of the perturbation in it. Its values are text, as the format wants. */
export function perturbationMetadata(perturbation: {
  id: string;
  attack: string;
  norm: Norm;
  epsilon: number;
  seed: number;
}): Record<string, string> {
  const { id, attack, norm, epsilon, seed } = perturbation;
  return {
    ...{ id, attack, norm, epsilon: String(epsilon), seed: String(seed) },
    // Of the values, and of the axes of the tensor.
    ...{ units: '0..255', layout: 'CHW RGB' },
  };
}
