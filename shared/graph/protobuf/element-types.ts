import type { ElementType } from '../tensor.ts';

// Numbers of TensorProto.DataType. float16 (10) and bfloat16 (16) are widened while reading, so they have no name here.
const typeNumbers: Partial<Record<ElementType, number>> = {
  float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, string: 8, bool: 9, float64: 11, uint32: 12, uint64: 13,
}; // biome-ignore format: one table, one line
const typeNames = new Map<number, ElementType>([
  [10, 'float32'],
  [16, 'float32'],
]);
for (const [name, number] of Object.entries(typeNumbers)) typeNames.set(Number(number), name as ElementType);

export const typeName = (number: number): ElementType => typeNames.get(number) ?? `opaque${number}`;
export const typeNumber = (type: ElementType): number => typeNumbers[type] ?? Number(type.slice('opaque'.length));

export const utf8 = {
  encode: (value: string) => new TextEncoder().encode(value),
  decode: (value: Uint8Array) => new TextDecoder().decode(value),
};
