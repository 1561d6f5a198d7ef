import { type Model, writeModel } from '#shared/graph';
import { sha256Hex } from '#shared/release';
import { random } from '#shared/synthetic';

/**
 * A linear classifier as a prepared model, small enough to check by hand: logits = W (pixels - 127.5) / 255, W
 * [3*size*size, classes] of random weights. Without a gradient its logits go through an operator that
 * has none.
 */
export function tinyModel({ size = 8, classes = 4, seed = 1, hasGradient = true } = {}) {
  const length = 3 * size * size;
  const draw = random(seed, 'tiny model');
  const weights = Float32Array.from({ length: length * classes }, () => draw.normal() / 255);
  const model: Model = {
    irVersion: 8,
    opset: 17,
    domains: {},
    producer: 'test',
    name: 'tiny',
    inputs: [{ name: 'canvas', type: 'float32', shape: ['N', 3, size, size] }],
    outputs: [{ name: 'logits', type: 'float32', shape: ['N', classes] }],
    constants: new Map([
      ['weights', { type: 'float32', shape: [length, classes], data: weights }],
      ['middle', { type: 'float32', shape: [], data: new Float32Array([127.5]) }],
    ]),
    nodes: [
      {
        operator: 'Sub',
        domain: '',
        name: 'centre',
        inputs: ['canvas', 'middle'],
        outputs: ['centred'],
        attributes: {},
      },
      { operator: 'Flatten', domain: '', name: 'flat', inputs: ['centred'], outputs: ['flat'], attributes: {} },
      {
        operator: 'MatMul',
        domain: '',
        name: 'classify',
        inputs: ['flat', 'weights'],
        outputs: [hasGradient ? 'logits' : 'linear'],
        attributes: {},
      },
      ...(hasGradient
        ? []
        : [
            { operator: 'Shrink', domain: '', name: 'shrink', inputs: ['linear'], outputs: ['logits'], attributes: {} },
          ]),
    ],
    metadata: {},
  };
  const bytes = writeModel(model);
  return { id: 'tiny', bytes, sha256: sha256Hex(bytes), key: sha256Hex(bytes), weights, size, classes, length };
}

/** Random photos, uint8 [count, 3, size, size]. */
export function tinyPhotos({ size = 8, count = 12, seed = 1 } = {}) {
  const draw = random(seed, 'tiny photos');
  return { pixels: Uint8Array.from({ length: count * 3 * size * size }, () => draw.below(256)), size };
}
