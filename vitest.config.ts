import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * Tests that need a real release; it is crafted once by test/support/global-setup.ts, and only when one of these runs.
 */
const INTEGRATION = ['test/workers/**/*.test.ts', 'test/e2e/**/*.test.ts', 'test/release/**/*.test.ts'];

/**
 * Tests that need no release, but start processes or threads (the command line, inference workers, workerd, tools), or
 * compute for many seconds.
 */
const SYSTEM = [
  'test/analyses/{analyses,findings}.test.ts',
  'test/arrays/hdf5.test.ts',
  'test/attacks/*.test.ts',
  'test/cli/{craft,evaluate,frame,gradients,harden,hostile,identify,models,models-guess,printable}.test.ts',
  'test/compute/{compute,webgpu}.test.ts',
  'test/docs/{graph,scale}.test.ts',
  'test/formats/hostile-arrays.test.ts',
  'test/graph/{classifiers,gpu,gpu-starter,hostile}.test.ts',
  'test/photos/pipes.test.ts',
  'test/publish/{bucket,changes,hostile-host,hostile-release,interoperability,pull,readers,upload}.test.ts',
  'test/jobs/coverage.test.ts',
  'test/queue/{store,study,workers}.test.ts',
  'test/site/{craft-worker,hostile-release}.test.ts',
  'test/children/children.test.ts',
  'test/zoo/{add,cards,guessing,surrogates}.test.ts',
  'test/studies/{dry-run,exact,given,hardened,hardened-edge,looked,run}.test.ts',
];

/** Everything else is a unit test, and test/support/unit-setup.ts holds it to that. `npm run test:unit` runs these. */
const UNIT = 'test/**/*.test.ts';

export default defineConfig({
  server: { watch: { ignored: ['**/.atlas/**', '**/.wrangler/**', '**/dist/**'] } },
  test: {
    // How fast this machine was at tiny studies is of no use to anybody.
    env: { XDG_CACHE_HOME: join(tmpdir(), 'atlas-test-cache') },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Most tests start workerd, a browser or a pool of inference threads: two files at a time fill two cores.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [UNIT],
          exclude: [...SYSTEM, ...INTEGRATION],
          setupFiles: ['test/support/unit-setup.ts'],
        },
      },
      { extends: true, test: { name: 'system', include: SYSTEM } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: INTEGRATION,
          globalSetup: ['test/support/global-setup.ts'],
          setupFiles: ['test/support/check-answers.ts'],
        },
      },
    ],
  },
});
