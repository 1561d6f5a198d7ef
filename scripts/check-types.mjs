// Type-checks every room against its own platform: none for shared/, Node for batch/, workerd for workers/, the DOM for
// site/.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const checks = [
  ...['shared', 'batch', 'workers', 'test'].map((room) => ['tsc', '-p', `${room}/tsconfig.json`]),
  ['astro', 'check', '--minimumSeverity', 'error'],
];
let failed = false;
for (const [tool, ...args] of checks) {
  const { status } = spawnSync(`${root}node_modules/.bin/${tool}`, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, ASTRO_TELEMETRY_DISABLED: '1' },
  });
  failed ||= status !== 0;
}
process.exit(failed ? 1 : 0);
