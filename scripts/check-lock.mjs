// Part of `npm run check`: onnxruntime-node's installer goes to NuGet for CUDA, and fails offline; the CPU and WebGPU
// binary is in the package. npm 11 leaves the installer out because package.json denies it (allowScripts). npm 10 does
// not know allowScripts, but runs only the installers that package-lock.json marks: so that mark is not there. npm sets
// it again where the package is updated, and `--write` takes it out.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = `${root}package-lock.json`;
const { allowScripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const lock = JSON.parse(readFileSync(path, 'utf8'));

const denied = ([at, entry]) => entry.hasInstallScript && allowScripts[at.split('node_modules/').at(-1)] === false;
const marked = Object.entries(lock.packages).filter(denied);
if (marked.length > 0 && process.argv.includes('--write')) {
  for (const [, entry] of marked) delete entry.hasInstallScript;
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
} else if (marked.length > 0) {
  console.error(
    `package-lock.json marks ${marked.map(([at]) => at).join(', ')} as having an install script, which package.json ` +
      'denies: npm 10 would run it. `node scripts/check-lock.mjs --write` takes the mark out.',
  );
  process.exit(1);
}
