// float16 for weights that a file is to hold in half of the space.
import type { Tensor } from './tensor.ts';

/** TensorProto.DataType of float16, which this room writes but has no name for: read back, it is widened. */
const type = 'opaque10';

/**
 * The nearest float16 of each value, as a constant for a Cast to float32, and what that Cast will give.
 * @param values at most 65504 in size, the largest float16
 */
export function halves(values: ArrayLike<number>): { tensor: Tensor; rounded: Float64Array } {
  const bits = Uint16Array.from(values, bitsOf);
  const tensor: Tensor = { type, shape: [bits.length], data: new Uint8Array(bits.buffer) };
  return { tensor, rounded: Float64Array.from(values, round) };
}

/** The exponent that a size has in float16, whose smallest normal number is 2^-14. */
function exponentOf(size: number): number {
  let exponent = Math.max(-14, Math.floor(Math.log2(size)));
  // The logarithm of a power of two may be off by its last bit.
  if (exponent > -14 && 2 ** exponent > size) exponent--;
  if (2 ** (exponent + 1) <= size) exponent++;
  return exponent;
}

function round(value: number): number {
  const step = 2 ** (exponentOf(Math.abs(value)) - 10);
  return Math.sign(value) * Math.round(Math.abs(value) / step) * step;
}

function bitsOf(value: number): number {
  const exponent = exponentOf(Math.abs(value));
  const steps = Math.round(Math.abs(value) / 2 ** (exponent - 10));
  // A fraction that rounds up to the next power of two carries into the exponent, as it should.
  const magnitude = steps < 1024 ? steps : ((exponent + 15) << 10) + steps - 1024;
  return (value < 0 ? 0x8000 : 0) | magnitude;
}
