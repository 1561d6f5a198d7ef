// Position encodings may pass through a convolution before they meet the image.
import { attribute } from '../model.ts';
import { convert, extentOf, sizeOf, stridesOf } from '../tensor.ts';
import { windowOf } from '../windows.ts';
import type { Evaluation } from './types.ts';

const conv: Evaluation = (node, [x, w, bias], budget) => {
  if (!x || !w) return undefined;
  const window = windowOf(node, x.shape, w.shape.slice(2));
  const [batch, channels, ...size] = x.shape;
  const [filters, perGroup, ...kernel] = w.shape;
  const group = attribute(node, 'group', 1);
  const outputs = window.outputs as number[];
  const shape = [batch, filters, ...outputs];
  if (channels !== perGroup * group) return undefined;
  const [pixels, results, taps] = [sizeOf(size), sizeOf(outputs), sizeOf(kernel)];
  // The table of sources is needed for an empty batch as well.
  budget.hold([results, taps], extentOf([...shape, perGroup, taps]));
  budget.hold(shape);
  const values = new Float64Array(sizeOf(shape));
  const [inner, outer, inside] = [size, outputs, kernel].map(stridesOf);
  // Where each tap reads for each result; -1 in the padding.
  const sources = new Int32Array(results * taps);
  for (let o = 0; o < results; o++)
    for (let t = 0; t < taps; t++) {
      let source = 0;
      for (let axis = 0; axis < size.length && source >= 0; axis++) {
        const at =
          (Math.floor(o / outer[axis]) % outputs[axis]) * window.strides[axis] +
          (Math.floor(t / inside[axis]) % kernel[axis]) * window.dilations[axis] -
          window.before[axis];
        source = at >= 0 && at < size[axis] ? source + at * inner[axis] : -1;
      }
      sources[o * taps + t] = source;
    }
  for (let n = 0; n < batch; n++)
    for (let f = 0; f < filters; f++) {
      const first = Math.floor(f / (filters / group)) * perGroup;
      const target = (n * filters + f) * results;
      if (bias) values.fill(Number(bias.data[f]), target, target + results);
      for (let c = 0; c < perGroup; c++) {
        const from = (n * channels + first + c) * pixels;
        const weights = (f * perGroup + c) * taps;
        for (let o = 0; o < results; o++)
          for (let t = 0; t < taps; t++) {
            const source = sources[o * taps + t];
            if (source >= 0) values[target + o] += Number(x.data[from + source]) * Number(w.data[weights + t]);
          }
      }
    }
  return convert({ type: 'float64', shape, data: values }, x.type);
};

export const convolution: Record<string, Evaluation> = { Conv: conv };
