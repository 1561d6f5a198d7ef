/** Arrays that mean harm: .npy, .npz, .mat, .h5, .pth and .safetensors, kinds above times sizes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, deflateSync } from 'node:zlib';
import { casesOf, type Draw, extremes, pick, spoilt, texts } from './case.ts';
import {
  mat,
  matElement,
  matMatrix,
  npy,
  npyHeader,
  pickle,
  pickledTensor,
  pth,
  safetensors,
  zip,
} from './containers.ts';
import type { HostileCase } from './run-case.ts';

/** How many of something: few, and many. */
const counts = [1, 7, 300, 5000, 60_000];
/** What a few bytes claim to be. */
const sizes = [1e3, 1e6, 2e7, 3e8, 2 ** 31, 2 ** 32 - 1];
const many = <T>(count: number, of: (i: number) => T) => Array.from({ length: count }, (_, i) => of(i));

const good = Buffer.from(Float32Array.from({ length: 3 * 6 * 6 }, (_, i) => (i % 21) - 10).buffer);
const goodNpy = npy(npyHeader('<f4', '3, 6, 6'), good);
const goodTensor = pickledTensor('FloatStorage', '0', 0, [3, 6, 6], [36, 6, 1]);
const goodMat = mat(matMatrix('r', [3, 6, 6], matElement(7, good)));
const goodSafetensors = safetensors('{"v":{"dtype":"F32","shape":[3,6,6],"data_offsets":[0,432]}}', good);
const zeros = (bytes: number) => new Uint8Array(bytes);
/** 4 MB each, of 4 kB. */
const packedZeros = deflateRawSync(zeros(4e6), { level: 9 });
const packedMatrix = matElement(15, deflateSync(matElement(14, zeros(4e6)), { level: 9 }));
const shape = (draw: Draw) => many(1 + draw.below(5), () => pick(draw, extremes));

const npyKinds: Record<string, (draw: Draw) => Uint8Array> = {
  'a shape of anything': (draw) => npy(npyHeader('<f4', shape(draw).join(', '), draw.below(2) === 0), good),
  'an axis after another': (draw) => npy(npyHeader('|u1', '1, '.repeat(pick(draw, counts)), true), zeros(1)),
  'axes of 1 before large ones, turned': (draw) => {
    const side = pick(draw, [64, 1000, 2048, 4000]);
    return npy(npyHeader('|u1', `${'1, '.repeat(draw.below(62))}3, ${side}, ${side}`, true), zeros(3 * side * side));
  },
  'a type of anything': (draw) => npy(npyHeader(pick(draw, texts), '3, 6, 6'), good),
  'a header of any length': (draw) => npy(npyHeader('<f4', '3, 6, 6'), good, pick(draw, extremes)),
  'a header of spaces': (draw) => npy(`'shape'${' '.repeat(pick(draw, counts))}`.repeat(20)),
  spoilt: (draw) => spoilt(draw, goodNpy),
};

const npzKinds: Record<string, (draw: Draw) => Uint8Array> = {
  'zeros that are small when packed': (draw) => {
    const side = pick(draw, [64, 512, 2048, 4096]);
    const content = npy(npyHeader('|u1', `3, ${side}, ${side}`), zeros(Math.min(3 * side * side, 2e7)));
    return zip(many(pick(draw, [1, 3]), (i) => ({ name: `${i}.npy`, content, deflate: true })));
  },
  'any claim of a size': (draw) =>
    zip([{ name: 'v.npy', content: goodNpy, deflate: draw.below(2) === 0, size: pick(draw, sizes) }]),
  'many that claim much': (draw) =>
    zip(
      many(pick(draw, counts.slice(0, 4)), (i) => ({ name: `${i}.npy`, content: goodNpy, deflate: true, size: 3e8 })),
    ),
  'many at one place': (draw) =>
    zip(many(pick(draw, counts.slice(1, 4)), (i) => ({ name: `${i}.npy`, content: i ? zeros(0) : goodNpy, local: 0 }))),
  'headers that are small when packed': (draw) =>
    zip(many(pick(draw, [1, 300, 5000]), (i) => ({ name: `${i}.npy`, content: packedZeros, method: 8, size: 200 }))),
  'parts without end': (draw) =>
    zip(many(pick(draw, [60_000, 300_000]), (i) => ({ name: `${i}`, content: zeros(0), local: 0 }))),
  'more entries than bytes': (draw) =>
    zip([{ name: 'v.npy', content: goodNpy }], pick(draw, [2, 65_535, 2 ** 32, 2 ** 53])),
  'names of anything': (draw) => zip([{ name: pick(draw, texts), content: goodNpy }]),
  'packed in any way': (draw) => zip([{ name: 'v.npy', content: goodNpy, method: draw.below(100) }]),
  spoilt: (draw) => spoilt(draw, zip([{ name: 'v.npy', content: goodNpy, deflate: draw.below(2) === 0 }])),
};

const matKinds: Record<string, (draw: Draw) => Uint8Array> = {
  'zeros that are small when packed': (draw) =>
    mat(matElement(15, deflateSync(matMatrix('r', [3, 2048, 2048], matElement(2, zeros(pick(draw, [1e6, 2e7]))))))),
  'packed in packed': (draw) => {
    let inner = matMatrix('r', [3, 6, 6], matElement(7, good));
    for (let depth = pick(draw, [1, 10, 200]); depth > 0; depth--) inner = matElement(15, deflateSync(inner));
    return mat(inner);
  },
  'many packed': (draw) => {
    const one = matElement(15, deflateSync(matElement(14, zeros(1000), 3e8)));
    return mat(...many(pick(draw, counts.slice(0, 4)), () => one));
  },
  'headers that are small when packed': (draw) => mat(...many(pick(draw, [1, 300, 5000]), () => packedMatrix)),
  'parts without end': (draw) => {
    const part = matMatrix('r', [3], zeros(0));
    return mat(Buffer.concat(many(pick(draw, [60_000, 600_000]), () => part)));
  },
  'a shape of anything': (draw) => mat(matMatrix('r', shape(draw), matElement(7, good))),
  'an axis after another': (draw) =>
    mat(
      matMatrix(
        'r',
        many(pick(draw, counts), () => 1),
        matElement(7, good),
      ),
    ),
  'a name of anything': (draw) => mat(matMatrix(pick(draw, texts), [3, 6, 6], matElement(7, good))),
  'lengths and types of anything': (draw) => mat(matElement(draw.below(20), goodMat.slice(128), pick(draw, extremes))),
  spoilt: (draw) => spoilt(draw, goodMat),
};

const pthKinds: Record<string, (draw: Draw) => Uint8Array> = {
  'tuples that share tuples': (draw) => pth(pickle.program(shared(pick(draw, [5, 40, 300])))),
  'a name that is such a tuple': (draw) => {
    const dag = shared(pick(draw, [5, 40, 300]));
    return pth(
      pick(draw, [
        pickle.program(pickle.text('torch'), dag, pickle.stackGlobal),
        pickle.program(pickle.dict, dag, goodTensor, pickle.setItem),
      ]),
      { 0: good },
    );
  },
  'lists in lists': (draw) => {
    const depth = pick(draw, counts);
    return pth(pickle.program(...many(depth, () => pickle.list), ...many(depth - 1, () => pickle.append)));
  },
  'an object of each byte': (draw) =>
    pth(pickle.program(Buffer.alloc(pick(draw, [1e5, 1e6, 15_900_000]), pick(draw, [pickle.dict, pickle.list])))),
  'a list in itself': () => pth(pickle.program(pickle.list, pickle.put(1), pickle.get(1), pickle.append)),
  'tuples without a mark': (draw) => {
    const count = pick(draw, counts);
    return pth(pickle.program(...many(count, () => pickle.none), ...many(count, () => pickle.tuple)));
  },
  'strides of 0': (draw) => {
    const side = pick(draw, [100, 1000, 4000, 2 ** 26]);
    const tensor = pickledTensor('FloatStorage', '0', 0, [3, side, side], [0, 0, 0]);
    return pth(named(many(pick(draw, counts.slice(0, 3)), () => tensor)), { 0: good });
  },
  'shapes and strides of anything': (draw) =>
    pth(pickle.program(pickledTensor('FloatStorage', '0', pick(draw, extremes), shape(draw), shape(draw))), {
      0: good,
    }),
  'storages that are small when packed': (draw) => {
    const tensor = pickledTensor('HalfStorage', '0', 0, [3, 1500, 1500], [2_250_000, 1500, 1]);
    return pth(pickle.program(tensor), { 0: zeros(pick(draw, [4_500_000 * 3, 2e7])) }, true);
  },
  'names of anything': (draw) =>
    pth(pickle.program(pickle.global(pick(draw, ['posix', ...texts]), 'system')), { 0: good }),
  'keys of anything': (draw) =>
    pth(pickle.program(pickle.dict, pickle.text(pick(draw, texts)), goodTensor, pickle.setItem)),
  'texts of any length': (draw) => pth(pickle.program(pickle.text('short', pick(draw, extremes)))),
  spoilt: (draw) => pth(spoilt(draw, pickle.program(goodTensor)), { 0: good }),
};

/** Each tuple holds the one before it twice: 2^depth ways lead to the first. */
function shared(depth: number): Uint8Array {
  const step = (i: number) => Buffer.concat([pickle.put(i), pickle.get(i), pickle.pair]);
  return Buffer.concat([pickle.emptyTuple, ...many(depth, step)]);
}

/** Tensors in a dict, by their number. */
const named = (tensors: Uint8Array[]) =>
  pickle.program(pickle.dict, ...tensors.flatMap((tensor, i) => [pickle.text(`t${i}`), tensor, pickle.setItem]));

const safetensorsKinds: Record<string, (draw: Draw) => Uint8Array> = {
  'many at one place': (draw) => {
    const entry = { dtype: 'F32', shape: [100_000], data_offsets: [0, 400_000] };
    const names = many(pick(draw, counts), (i) => [`t${i}`, entry]);
    return safetensors(JSON.stringify(Object.fromEntries(names)), zeros(400_000));
  },
  'places of anything': (draw) => {
    const entry = { dtype: 'F32', shape: shape(draw), data_offsets: [pick(draw, extremes), pick(draw, extremes)] };
    return safetensors(JSON.stringify({ v: entry }), good);
  },
  'names and types of anything': (draw) => {
    const entry = { dtype: pick(draw, ['F32', ...texts]), shape: [3, 6, 6], data_offsets: [0, 432] };
    return safetensors(`{${JSON.stringify(pick(draw, texts))}:${JSON.stringify(entry)}}`, good);
  },
  'a header in brackets': (draw) => {
    const depth = pick(draw, counts);
    return safetensors(`{"v":${'['.repeat(depth)}${']'.repeat(depth)}}`, good);
  },
  'a header of any length': (draw) => safetensors('{}', good, BigInt.asUintN(64, BigInt(pick(draw, extremes)))),
  spoilt: (draw) => spoilt(draw, goodSafetensors),
};

const fixture = (name: string) => readFileSync(new URL(`../../test/fixtures/perturbations/${name}`, import.meta.url));

const hdf5Kinds: Record<string, (draw: Draw) => Uint8Array> = {
  'a signature and no more': (draw) => fixture('groups.h5').subarray(0, 8 + draw.below(100)),
  'ones that are large when unpacked': () => fixture('chunk.h5'),
  'groups in groups': () => fixture('deep.h5'),
  spoilt: (draw) => spoilt(draw, new Uint8Array(fixture(pick(draw, ['groups.h5', 'v73.mat'])))),
};

/** Refused, each of them, but for those that happen to be right; then it is the photos that are not there. */
const evaluate = (file: string, bytes: Uint8Array): Omit<HostileCase, 'name'> => ({
  files: { [file]: bytes },
  command: (folder) => [
    ...['evaluate', '--perturbation', join(folder, file)],
    ...['--model', 'squeezenet1_1', '--photos', join(folder, 'no-photos')],
  ],
});

const formats = {
  ...{ npy: npyKinds, npz: npzKinds, mat: matKinds, h5: hdf5Kinds, pth: pthKinds, safetensors: safetensorsKinds },
};

/** Without end; the same seed gives the same. */
export function cases(seed: number, from = 0): Iterable<HostileCase> {
  const kinds = Object.entries(formats).flatMap(([format, makers]) =>
    Object.entries(makers).map(([kind, make]) => [
      `${format} with ${kind}`,
      (draw: Draw) => evaluate(`v.${format}`, make(draw)),
    ]),
  );
  return casesOf('array', seed, Object.fromEntries(kinds), from);
}
