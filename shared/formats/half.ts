/** IEEE 754 binary16, as whole numbers of 16 bits, in float32. */
export function float16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(bits, (half) => {
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    const size =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction
            ? Number.NaN
            : Infinity
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return half >>> 15 ? -size : size;
  });
}

/** bfloat16, the upper half of a float32, in float32. */
export function bfloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint32Array.from(bits, (value) => value << 16).buffer);
}
