import { plantedIn } from './mutant.ts';

const formats = 'test/formats/formats.test.ts';
const perturbation = 'test/arrays/perturbation.test.ts';
const others = [perturbation, 'test/arrays/others-files.test.ts'];

export const arrays = [
  ...plantedIn('shared/formats/npy.ts', { test: formats }, [
    [
      'npy-fortran',
      'reduce((product, side) => product * side, 1)',
      'reduce((product) => product * sides[0], 1)',
      'Fortran order with unequal axes',
    ],
    ['npy-fortran-ignored', 'fortran ? toRowMajor(data, shape) : data', 'data', 'Fortran order is turned into C order'],
    ['npy-alignment', '(text.length + 11) / 64', '(text.length + 10) / 64', 'numbers begin at a multiple of 64 bytes'],
    [
      'npy-version-2',
      'view.getUint32(8, true) : view',
      'view.getUint16(8, true) : view',
      'version 2 has a header length of 32 bits',
    ],
    [
      'npy-too-long',
      'if (bytes.length - start !== length)',
      'if (bytes.length - start < length)',
      'a file with more bytes than its shape is damaged',
    ],
  ]),
  ...plantedIn('shared/formats/safetensors.ts', { test: [formats, 'test/formats/hostile-arrays.test.ts'] }, [
    ['safetensors-shared', 'from < inOrder[i - 1].to', 'from < inOrder[i - 1].from', 'two tensors do not share bytes'],
    [
      'safetensors-sorted',
      'Object.keys(tensors).sort()',
      'Object.keys(tensors)',
      'tensors lie in the order of their names',
    ],
    [
      'safetensors-padding',
      'Math.ceil(json.length / 8) * 8',
      'Math.ceil(json.length / 4) * 4',
      'numbers begin at a multiple of 8 bytes',
    ],
  ]),
  ...plantedIn('batch/arrays/pth.ts', { test: others }, [
    [
      'pth-offset',
      'count, sizes, strides, offset)',
      'count, sizes, strides)',
      'a tensor begins at its offset in the storage',
    ],
    [
      'pth-strides',
      '(size - 1) * strides[axis], offset)',
      '(size - 1) * strides[axis], 0)',
      'a tensor lies within its storage, offset and all',
    ],
    ['pth-big-endian', "!== 'little') throw", "=== 'never') throw", 'big-endian storages are refused'],
  ]),
  ...plantedIn('batch/arrays/mat.ts', { test: others }, [
    ['mat-big-endian', "const little = mark === 'IM';", 'const little = true;', '.mat files of big-endian machines'],
    [
      'mat-flags',
      'flags.content[little ? 0 : 3]',
      'flags.content[0]',
      'the class is in the last byte of a big-endian word',
    ],
    ['mat-column-major', 'shape.slice(0, axis).reduce', 'shape.slice(axis + 1).reduce', 'MATLAB has columns first'],
    ['mat-padding', 'Math.ceil(length / 8) * 8', 'length', 'elements are padded to 8 bytes'],
    ['mat-small', 'const start = at + (small ? 4 : 8);', 'const start = at + 8;', 'small elements lie in their tag'],
  ]),
  ...plantedIn('batch/arrays/perturbation.ts', { test: perturbation }, [
    ['not-finite', '!Number.isFinite(value)', 'Number.isNaN(value)', 'infinities are refused'],
  ]),
  ...plantedIn('batch/arrays/strided.ts', { test: others }, [
    [
      'strided-carry',
      'at -= strides[axis] * shape[axis];',
      'at -= strides[axis];',
      'an axis that is through starts over',
    ],
  ]),
  ...plantedIn('batch/arrays/zip.ts', { test: others }, [
    ['zip-overlap', 'from < ranges[i - 1][1]', 'from < ranges[i - 1][0]', 'entries of a zip file do not overlap'],
    ['zip-comment', 'last - LONGEST_COMMENT', 'last - 0', 'a zip file may end in a comment'],
  ]),
  ...plantedIn('batch/arrays/pickle.ts', { test: perturbation }, [
    [
      'pickle-names',
      'if (known.test(path)) return',
      'if (true) return',
      'only the names of tensors may stand in a pickle',
    ],
  ]),

  ...plantedIn('shared/formats/half.ts', { test: [formats, ...others] }, [
    ['half-small', 'fraction * 2 ** -24', 'fraction * 2 ** -25', 'subnormal numbers of half precision'],
    ['half-sign', 'half >>> 15 ? -size : size', 'size', 'half precision has a sign'],
    ['half-nan', '? Number.NaN', '? Infinity', 'what is no number stays none'],
    ['bfloat', 'value << 16', 'value << 15', 'bfloat16 is the upper half of float32'],
  ]),
  ...plantedIn('batch/arrays/units.ts', { test: perturbation }, [
    ['scale-unclear', 'largest > unclear', 'largest > unclear / 4', 'numbers up to 2 do not tell their unit'],
    ['scale-range', 'Number(range[2]) - Number(range[1])', 'Number(range[2])', 'the range of -1..1 is 2'],
    ['scale-factor', '(255 * one) / scale', '(127.5 * one) / scale', 'from black to white is 255'],
    ['scale-std', 'scale.map((s) => 255 * s)', 'scale.map((s) => 255 / s)', 'what was divided by a std is multiplied'],
    ['picture-threshold', 'const mostUsual = 64;', 'const mostUsual = 32;', 'up to 64 a picture is exact'],
    ['picture-grey', 'const grey = 128;', 'const grey = 127;', '128 is no change'],
  ]),
  ...plantedIn('batch/arrays/perturbation.ts', { test: perturbation }, [
    ['amplified-at', 'largest <= mostUsual', 'largest < mostUsual', 'a picture of the threshold itself is exact'],
  ]),
  ...plantedIn('batch/arrays/layout.ts', { test: [perturbation, 'test/arrays/contents.test.ts'] }, [
    ['bgr', 'channel : 2 - channel)', 'channel : channel)', 'BGR is turned into RGB'],
    ['hwc', '{ channel: z, row: x, column: y }', '{ channel: x, row: y, column: z }', 'channels may come last'],
    ['stack-place', 'stack ? index * stack.stride : 0', '0', 'each of a stack has its own numbers'],
  ]),
  ...plantedIn('batch/arrays/bound.ts', { test: perturbation }, [
    ['bound-norm', '> linf / 2 ?', '> 2 * linf ?', 'most values at the largest one tell norm inf'],
    ['bound-held', 'size <= epsilon * rounding', 'size <= 2 * epsilon', 'what is beyond its bound is refused'],
    ['bound-clip', 'project(v, norm, epsilon);', '', '--clip brings it within the bound'],
  ]),
];
