import { plantedIn } from './mutant.ts';

const formats = 'test/formats/formats.test.ts';
const perturbation = 'test/arrays/perturbation.test.ts';
const others = [perturbation, 'test/arrays/others-files.test.ts'];

export const arrays = [
  ...plantedIn('shared/formats/npy.ts', { test: formats }, [
    [
      'npy-fortran',
      'source * shape[axis] + index[axis]',
      'source * shape[0] + index[axis]',
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
];
