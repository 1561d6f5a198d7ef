/**
 * `npm run deploy:check`: all of a deployment that needs no account. Builds the pages from the release in ATLAS_RELEASE
 * (.atlas/starter/release without) into dist/, has wrangler bundle the Worker as for `wrangler deploy`, and holds both
 * to Cloudflare's limits. Exit status 1 where something does not fit.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const MIB = 1024 * 1024;
/**
 * developers.cloudflare.com/workers/platform/limits: 64 MiB of Worker (earlier: 10 MB compressed on the paid plan);
 * assets of 25 MiB, 20,000 of them on the free plan.
 */
const LIMITS = { bundle: 64 * MIB, asset: 25 * MIB, assets: 20_000 };
/** Half of the 10 MB: a larger Worker starts more slowly, and whoever doubles it should know. */
const COMPRESSED = 5 * MIB;

function run(what: string, tool: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], {
    cwd: root,
    encoding: 'utf8',
    env: {
      ...process.env,
      NODE_ENV: 'production',
      ASTRO_TELEMETRY_DISABLED: '1',
      WRANGLER_SEND_METRICS: 'false',
      XDG_CONFIG_HOME: join(root, '.atlas', 'config'),
      FORCE_COLOR: '0',
    },
  });
  if (status === 0) return stripVTControlCharacters(stdout + stderr);
  console.error(`${what} failed (exit status ${status}):\n${stdout}${stderr}`);
  process.exit(1);
}

run('Building the pages', 'astro/bin/astro.mjs', ['build', '--outDir', 'dist']);
const said = run('The dry run', 'wrangler/bin/wrangler.js', ['deploy', '--dry-run']);
const upload = /Total Upload: ([\d.]+) KiB \/ gzip: ([\d.]+) KiB/.exec(said);
if (!upload) {
  console.error(`wrangler did not say how large the Worker is:\n${said}`);
  process.exit(1);
}
const [bundle, compressed] = upload.slice(1).map((kib) => Number(kib) * 1024);
const assets = readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => ({ name: entry.name, bytes: statSync(join(entry.parentPath, entry.name)).size }));
const largest = assets.reduce((a, b) => (a.bytes >= b.bytes ? a : b));

const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
const checks: [fits: boolean, what: string][] = [
  [compressed <= COMPRESSED, `Worker, compressed: ${mib(compressed)} of ${mib(COMPRESSED)}`],
  [bundle <= LIMITS.bundle, `Worker: ${mib(bundle)} of ${mib(LIMITS.bundle)}`],
  [largest.bytes <= LIMITS.asset, `largest asset: ${mib(largest.bytes)} of ${mib(LIMITS.asset)} (${largest.name})`],
  [assets.length <= LIMITS.assets, `assets: ${assets.length} of ${LIMITS.assets}`],
];
for (const [fits, what] of checks) console.log(`${fits ? 'ok    ' : 'FAIL  '}${what}`);
console.log(said.slice(said.indexOf('Your Worker has access'), said.indexOf('--dry-run')).trim());
if (checks.some(([fits]) => !fits)) process.exit(1);
