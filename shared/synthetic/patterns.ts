/**
 * Pictures of random formulas: a compositional pattern-producing network (K. O. Stanley, "Compositional pattern
 * producing networks", 2007) of random weights maps where a pixel lies to its colour. Symmetries, repetitions and
 * gradients come of themselves, and classifiers see all manner of things in them (A. Nguyen, J. Yosinski, J. Clune,
 * "Deep neural networks are easily fooled", CVPR 2015).
 */
import { type Random, random } from './random.ts';
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

/** A square of values that is worked out when it is first asked for: most of a random network leads nowhere. */
type Field = () => Float32Array;

function once(work: () => Float32Array): Field {
  let found: Float32Array | undefined;
  return () => {
    found ??= normalised(work());
    return found;
  };
}

/**
 * Values [outputs][size*size], each with mean 0 and deviation 1, of a network over places, distances, angles and two
 * squares of noise.
 */
export function randomFields(size: number, outputs: number, draw: Random): Float32Array[] {
  let layer = placesOf(size, draw);
  for (let depth = 1 + draw.below(3); depth >= 0; depth--) {
    const width = depth === 0 ? outputs : units;
    layer = Array.from({ length: width }, () => unitOver(layer, size * size, depth === 0, draw));
  }
  return layer.map((field) => field());
}

/** A random shape of a random sum of few of the fields before; of many, everything would blend into everything. */
function unitOver(layer: Field[], length: number, isLast: boolean, draw: Random): Field {
  const shape = isLast ? (x: number) => x : shapes[draw.below(shapes.length)];
  const inputs = Array.from({ length: 1 + draw.below(3) }, () => ({
    field: layer[draw.below(layer.length)],
    weight: 1.5 * draw.normal(),
  }));
  const offset = draw.normal();
  return once(() => {
    const values = new Float32Array(length).fill(offset);
    for (const { field, weight } of inputs) {
      const input = field();
      for (let i = 0; i < length; i++) values[i] += weight * input[i];
    }
    for (let i = 0; i < length; i++) values[i] = shape(values[i]);
    return values;
  });
}

function placesOf(size: number, draw: Random): Field[] {
  const [cx, cy] = [0.5 + 0.3 * (draw.uniform() - 0.5), 0.5 + 0.3 * (draw.uniform() - 0.5)];
  // Waves across the picture: from one to thirty.
  const waves = 2 * Math.PI * 30 ** draw.uniform();
  const noises = [draw.bits(), draw.bits()];
  const at = (value: (x: number, y: number) => number) =>
    once(() => {
      const values = new Float32Array(size * size);
      for (let y = 0, i = 0; y < size; y++)
        for (let x = 0; x < size; x++) values[i++] = value(x / size - cx, y / size - cy);
      return values;
    });
  return [
    at((x) => x),
    at((_x, y) => y),
    at((x) => Math.abs(x)),
    at((x, y) => Math.hypot(x, y)),
    at((x, y) => Math.atan2(y, x)),
    at((x) => Math.sin(waves * x)),
    at((_x, y) => Math.sin(waves * y)),
    at((x, y) => Math.sin(waves * Math.hypot(x, y))),
    ...noises.map((seed) => once(() => spectrumNoise(size, random(seed, 'noise')))),
  ];
}

function normalised(values: Float32Array): Float32Array {
  let [mean, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) mean += values[i];
  mean /= values.length;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  const scale = 1 / (Math.sqrt(squares / values.length) || 1);
  for (let i = 0; i < values.length; i++) values[i] = scale * (values[i] - mean);
  return values;
}
