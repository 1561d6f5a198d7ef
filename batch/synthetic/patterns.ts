/**
 * Pictures of random formulas: a compositional pattern-producing network (K. O. Stanley, "Compositional pattern producing networks", 2007) of random
 * weights maps where a pixel lies to its colour. Symmetries, repetitions and gradients come of themselves, and classifiers see all manner of things in
 * them (A. Nguyen, J. Yosinski, J. Clune, "Deep neural networks are easily fooled", CVPR 2015).
 */
import type { Random } from './random.ts';
import { spectrumNoise } from './spectrum.ts';

const shapes: ((x: number) => number)[] = [
  Math.sin,
  Math.cos,
  Math.tanh,
  (x) => Math.exp(-x * x),
  Math.abs,
  (x) => x,
  (x) => 2 * (x - Math.floor(x)) - 1,
  (x) => (Math.sin(x) > 0 ? 1 : -1),
];

const units = 8;

/** Values [outputs][size*size], each with mean 0 and deviation 1, of a network over places, distances, angles and two squares of noise. */
export function randomFields(size: number, outputs: number, draw: Random): Float32Array[] {
  const plane = size * size;
  let layer = placesOf(size, draw);
  for (let depth = 1 + draw.below(3); depth >= 0; depth--) {
    const width = depth === 0 ? outputs : units;
    const next: Float32Array[] = [];
    for (let unit = 0; unit < width; unit++) {
      const shape = depth === 0 ? (x: number) => x : shapes[draw.below(shapes.length)];
      // Few inputs a unit, or everything blends into everything.
      const inputs = Array.from({ length: 1 + draw.below(3) }, () => layer[draw.below(layer.length)]);
      const weights = inputs.map(() => 1.5 * draw.normal());
      const offset = draw.normal();
      const values = new Float32Array(plane);
      for (let i = 0; i < plane; i++) {
        let sum = offset;
        for (let k = 0; k < inputs.length; k++) sum += weights[k] * inputs[k][i];
        values[i] = shape(sum);
      }
      next.push(normalised(values));
    }
    layer = next;
  }
  return layer;
}

function placesOf(size: number, draw: Random): Float32Array[] {
  const [cx, cy] = [0.5 + 0.3 * (draw.uniform() - 0.5), 0.5 + 0.3 * (draw.uniform() - 0.5)];
  // Waves across the picture: from one to thirty.
  const waves = 2 * Math.PI * 30 ** draw.uniform();
  const at = (value: (x: number, y: number) => number) =>
    normalised(
      Float32Array.from({ length: size * size }, (_, i) =>
        value((i % size) / size - cx, Math.floor(i / size) / size - cy),
      ),
    );
  return [
    at((x) => x),
    at((_x, y) => y),
    at((x) => Math.abs(x)),
    at((x, y) => Math.hypot(x, y)),
    at((x, y) => Math.atan2(y, x)),
    at((x) => Math.sin(waves * x)),
    at((_x, y) => Math.sin(waves * y)),
    at((x, y) => Math.sin(waves * Math.hypot(x, y))),
    spectrumNoise(size, draw),
    spectrumNoise(size, draw),
  ];
}

function normalised(values: Float32Array): Float32Array {
  let [mean, squares] = [0, 0];
  for (const value of values) mean += value / values.length;
  for (const value of values) squares += (value - mean) ** 2 / values.length;
  const scale = 1 / (Math.sqrt(squares) || 1);
  return values.map((value) => scale * (value - mean));
}
