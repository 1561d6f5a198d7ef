// `npm run lock`: what package-lock.json has to be beside what npm makes of it. `--write` mends the first of the two.
//
// onnxruntime-node's installer goes to NuGet for CUDA, and fails offline; the CPU and WebGPU binary is in the package.
// npm 11 leaves the installer out because package.json denies it (allowScripts). npm 10 does not know allowScripts, but
// runs only the installers that package-lock.json marks: so that mark is not there. npm sets it again where the package
// is updated.
//
// The tests' miniflare is the one that wrangler depends on: another one brings another workerd.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = `${root}package-lock.json`;
const { allowScripts, devDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const lock = JSON.parse(readFileSync(path, 'utf8'));
const wrong = [];

const marked = Object.entries(lock.packages).filter(
  ([at, entry]) => entry.hasInstallScript && allowScripts[at.split('node_modules/').at(-1)] === false,
);
if (marked.length > 0 && process.argv.includes('--write')) {
  for (const [, entry] of marked) delete entry.hasInstallScript;
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
} else if (marked.length > 0) {
  wrong.push(
    `package-lock.json marks ${marked.map(([at]) => at).join(', ')} as having an install script, which package.json ` +
      'denies: npm 10 would run it. `npm run lock -- --write` takes the mark out.',
  );
}

const wanted = lock.packages['node_modules/wrangler'].dependencies.miniflare;
if (devDependencies.miniflare !== wanted) {
  wrong.push(`miniflare is ${devDependencies.miniflare}, and wrangler depends on ${wanted}: pin that in package.json.`);
}

for (const what of wrong) console.error(what);
process.exit(wrong.length > 0 ? 1 : 0);
