/**
 * The rooms of the Atlas, from the bottom up: what is in each, and what it may import. A room imports only rooms that
 * stand above it in this list, so no arrow runs back, and enters them by their `index.ts`. `npm run rooms` holds the
 * code to it, and writes the table of docs/architecture.md from it (`npm run rooms:write`).
 *
 * `imports` names rooms; `shared` stands for all rooms of shared/, `batch` for all rooms of batch/ above, and a path
 * that ends in `.ts` for that one file.
 *
 * @type {{ room: string, holds: string, imports: string[] }[]}
 */
export const rooms = [
  {
    room: 'shared/errors',
    holds: 'the two errors that a person is meant to read, bad usage (exit 2) and failure (exit 1), and words in them',
    imports: [],
  },
  { room: 'shared/memory', holds: 'memory that threads read in place, where the platform can share it', imports: [] },
  {
    room: 'shared/release',
    holds: 'schemas (zod) of cards, studies, records, manifest, with their defaults; key names, media types; hashing',
    imports: [],
  },
  {
    room: 'shared/metrics',
    holds:
      "a model's logits of canvases, softmax, top-k, fooling and target shares, Wilson interval, exact tests, controls",
    imports: ['shared/release/measures.ts', 'shared/release/records.ts'],
  },
  { room: 'shared/fourier', holds: 'the discrete Fourier transform of squares', imports: [] },
  { room: 'shared/formats', holds: 'npy, safetensors', imports: [] },
  {
    room: 'shared/images',
    holds: 'canvas geometry, decoding, applying a perturbation, norms, distortion',
    imports: ['shared/release/bounds.ts', 'shared/release/fit.ts'],
  },
  {
    room: 'shared/identify',
    holds: 'which perturbation is on a canvas, how strong and where, and the chance of a false alarm',
    imports: ['shared/fourier'],
  },
  {
    room: 'shared/graph',
    holds: 'ONNX in, ONNX out: read, write, shapes, fold, prepare, losses, differentiate',
    imports: ['shared/images/luma.ts', 'shared/images/resample.ts', 'shared/release/model-card.ts'],
  },
  {
    room: 'shared/api',
    holds:
      "the API's OpenAPI document (generated from the Worker's routes), a client with its types, its kinds of problem",
    imports: [],
  },
  {
    room: 'shared/photos',
    holds: 'which photos craft and which evaluate, which look alike, the identity of a set',
    imports: ['shared/release'],
  },
  {
    room: 'shared/synthetic',
    holds: 'what is drawn from a seed: random numbers, pictures in place of photos, phase twins',
    imports: ['shared/fourier', 'shared/memory'],
  },
  {
    room: 'shared/compute',
    holds: 'what runs models, without a runtime: what may be asked, how it becomes runs of a graph, how sums are made',
    imports: ['shared/errors', 'shared/images'],
  },
  {
    room: 'shared/zoo',
    holds:
      'a model as people bring it: its file in words, lists of labels, how its pixels are scaled, the trial of that',
    imports: ['shared/errors', 'shared/release', 'shared/metrics', 'shared/graph', 'shared/compute'],
  },
  {
    room: 'shared/attacks',
    holds: "one file per attack, the one driver of them all, and the check of a craft's options",
    imports: [
      'shared/errors',
      'shared/memory',
      'shared/release',
      'shared/metrics',
      'shared/images',
      'shared/graph',
      'shared/synthetic',
      'shared/compute',
    ],
  },
  {
    room: 'batch/children',
    holds: 'work on files from strangers in a process that Ctrl-C, a deadline and a heap limit end',
    imports: ['shared/errors'],
  },
  {
    room: 'batch/files',
    holds: 'files written whole or not at all, read within a bound and through a schema, downloaded with resume',
    imports: ['shared/errors', 'shared/formats'],
  },
  {
    room: 'batch/arrays',
    holds: "arrays and perturbations from others' files: NumPy, safetensors, MATLAB, HDF5, PyTorch, PNG",
    imports: ['shared', 'batch/children', 'batch/files'],
  },
  {
    room: 'batch/photos',
    holds: 'photos as canvases, the crafting / evaluation split',
    imports: ['shared', 'batch/files', 'batch/arrays'],
  },
  {
    room: 'batch/compute',
    holds: 'all that touches onnxruntime-node: providers, worker pool, sessions',
    imports: ['shared'],
  },
  {
    room: 'batch/zoo',
    holds: 'cards, model files with their weights, labelled photos, checking gradients',
    imports: ['shared', 'batch/children', 'batch/files', 'batch/photos', 'batch/compute'],
  },
  {
    room: 'batch/harden',
    holds: 'one more class for a classifier, "non-natural or tampered with": pictures, regression, threshold, card',
    imports: ['shared', 'batch/files', 'batch/photos', 'batch/compute', 'batch/zoo'],
  },
  {
    room: 'batch/jobs',
    holds: 'jobs as data, the code that makes them, where their outputs lie, and the one runner',
    imports: ['shared', 'batch/files', 'batch/compute'],
  },
  {
    room: 'batch/analyses',
    holds: 'one file per finding, and how the outputs of jobs are read',
    imports: ['shared', 'batch/compute', 'batch/photos', 'batch/jobs'],
  },
  {
    room: 'batch/publish',
    holds: 'build a release folder, verify it, upload it, prune a bucket, fetch it back',
    imports: ['shared', 'batch/children', 'batch/files'],
  },
  {
    room: 'batch/perturbations',
    holds: 'perturbations from wherever they lie: releases, folders, files',
    imports: ['shared', 'batch/files', 'batch/arrays', 'batch/photos', 'batch/publish'],
  },
  {
    room: 'batch/studies',
    holds: 'study file -> graph of jobs (one file per step) -> running it to a release',
    imports: ['shared', 'batch'],
  },
  {
    room: 'batch/queue',
    holds: 'a study on many machines: its jobs on a queue (pg-boss), their outputs in a store that all share',
    imports: ['shared', 'batch'],
  },
  { room: 'batch/cli', holds: 'one file per command of `atlas`', imports: ['shared', 'batch'] },
  {
    room: 'workers/atlas',
    holds: 'the Worker: `contract` (schemas), `routes`, `middleware`, `inference`, `imaging`, `storage`',
    imports: ['shared'],
  },
  {
    room: 'site',
    holds: 'pages, components, charts, the lab',
    // What pages load at once comes by its file: by the door comes all that anything on the page uses of the room.
    imports: ['shared', 'shared/images/pixels.ts', 'shared/images/perturb.ts', 'shared/release/tampered.ts'],
  },
];

/** What `imports` allows, room by room, with `shared` and `batch` spelt out. */
export function allowed({ room, imports }) {
  const above = rooms.slice(
    0,
    rooms.findIndex((other) => other.room === room),
  );
  return imports.flatMap((name) =>
    name === 'shared' || name === 'batch'
      ? above.flatMap((other) => (other.room.startsWith(`${name}/`) ? [other.room] : []))
      : [name],
  );
}
