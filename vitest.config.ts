import { defineConfig } from 'vitest/config';

/**
 * Tests that need a real release; it is crafted once by test/support/global-setup.ts, and only when one of these runs.
 */
const NEED_RELEASE = ['test/workers/**/*.test.ts', 'test/e2e/**/*.test.ts', 'test/release/**/*.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Most tests start workerd, a browser or a pool of inference threads: two files at a time fill two cores.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: NEED_RELEASE },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: NEED_RELEASE,
          globalSetup: ['test/support/global-setup.ts'],
          setupFiles: ['test/support/check-answers.ts'],
        },
      },
    ],
  },
});
