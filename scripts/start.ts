/**
 * `npm start`: the Atlas from the starter study, end to end. The first time the plain transfer matrix is made first,
 * and served on one address while all else is made; the release with all findings takes its place there. What is done
 * already is not done again.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { atlas, firstLook, root, starterRelease } from './atlas.ts';

const began = performance.now();

/** One step, with how long it took. Ends this process, and what is served, where it fails. */
async function step(stage: string, args: string[]): Promise<void> {
  const started = performance.now();
  console.log(`\n${stage}: atlas ${args.join(' ')}`);
  const code = await atlas(args);
  if (code !== 0) {
    console.error('\nnpm start stopped. Once the cause above is mended, npm start again goes on from there.');
    serving.abort();
    await server;
    process.exit(code);
  }
  console.log(`${stage}: done in ${seconds(started)}, ${seconds(began)} since the start`);
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Which study the release is of that is there; null where there is none that can be read. */
async function studyThere(): Promise<string | null> {
  const read = async (key: string) => JSON.parse(await readFile(join(root, starterRelease, key), 'utf8'));
  try {
    const { manifest } = await read('latest.json');
    return (await read(manifest.key)).study;
  } catch {
    return null;
  }
}

const serving = new AbortController();
let server: Promise<number> | undefined;
/** Whether it still serves, and will take in the release that is made meanwhile. */
let follows = false;

console.log('The Perturbation Atlas: craft on the starter models, measure, build a release, serve it on this machine.');
console.log('Ctrl-C stops it at any moment; npm start again goes on where it stopped.');
const there = await studyThere();
if (there !== 'starter') {
  if (there === null) await step('A first look, one perturbation for each model', firstLook);
  const args = ['serve', '--follow', '--release', starterRelease];
  console.log(`\nServing the first look while the rest is made: atlas ${args.join(' ')}`);
  follows = true;
  // What is crafted takes every processor: it waits until there is something to see.
  await new Promise<void>((done) => {
    server = atlas(args, { signal: serving.signal, onOutput: done }).finally(() => {
      follows = false;
      done();
    });
  });
}
await step('1 of 3, crafting and measuring', ['run', 'studies/starter.json']);
await step('2 of 3, verifying the release', ['verify', starterRelease]);
if (follows) {
  console.log('\n3 of 3, serving: it takes the place of the first look.');
  process.exitCode = await server;
} else await step('3 of 3, serving', ['serve', '--release', starterRelease]);
