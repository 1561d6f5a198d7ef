import type { KnipConfig } from 'knip';

/**
 * What `npm run dead` looks for: files, packages and exports that nobody uses. It runs twice. The first run starts from
 * everything below and from the tests; the second, with `--production`, only from what is marked with "!", and finds
 * what nothing but a test uses. An export that its own file uses too is not dead: a test may look at it.
 */
export default {
  entry: [
    // Started by name, in processes and threads of their own.
    'batch/cli/main.ts!',
    'batch/cli/serve-warden.ts!',
    'batch/compute/{worker,probe}.ts!',
    'batch/children/{entry,orphan}.ts!',
    'batch/{zoo,publish}/*-work.ts!',
    'bench/edge/empty-worker.ts!',
    'bench/scale/worker.ts!',
    // Called while pages are built.
    'site/preloads.ts!',
    // Run by people.
    'scripts/*.{ts,mjs}!',
    'bench/*.ts!',
    'bench/attacks/ablation.ts!',
    // Found by their names.
    'bench/hostile/*.ts!',
    'docs/examples/*.ts!',
    // A library of its own, whose exports docs/graph.md describes.
    'shared/graph/index.ts!',
  ],
  project: ['**/*.{ts,mjs,astro,css}!', '!test/**!'],
  ignoreExportsUsedInFile: true,
  ignoreIssues: {
    // A room's door names the types of what it takes and gives, whether or not somebody writes them down.
    '{batch,shared,site}/*/index.ts': ['types'],
    // Generated from the API's OpenAPI document.
    'shared/api/types.ts': ['types'],
  },
  // `astro check` asks for it; scripts/check-types.mjs calls that.
  ignoreDependencies: ['@astrojs/check'],
  ignoreBinaries: ['mkfifo', 'sha256sum'],
  compilers: {
    css: (text: string) => [...text.matchAll(/(?<=@)import[^;]+/g)].join('\n'),
  },
} satisfies KnipConfig;
