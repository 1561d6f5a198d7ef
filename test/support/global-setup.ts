import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Crafts the release that the integration tests read, .atlas/test/release, with the real command line from
 * test/fixtures/tiny-study.json. What an earlier run finished is taken from there.
 */
export default async function setup(): Promise<void> {
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [`${root}bin/atlas.mjs`, 'run', 'test/fixtures/tiny-study.json', '--out', '.atlas/test', '--quiet'],
    { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const code = await new Promise((done) => child.on('close', done));
  if (code !== 0) throw new Error(`The test release could not be built (exit status ${code}): ${errors.trim()}`);
  const seconds = (performance.now() - started) / 1000;
  if (seconds > 5) console.log(`Built the test release in ${seconds.toFixed(0)} s`);
}
