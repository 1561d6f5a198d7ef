/**
 * `npm start`: the Atlas from the starter study, end to end. Crafts and measures (what is done already is not done
 * again), verifies the release, then serves site and API until it is stopped.
 */
import { atlas, starterRelease } from './atlas.ts';

const began = performance.now();

/** One step, with how long it took. Ends this process where it fails. */
async function step(stage: string, args: string[]): Promise<void> {
  const started = performance.now();
  console.log(`\n${stage}: atlas ${args.join(' ')}`);
  const code = await atlas(args);
  if (code !== 0) {
    console.error('\nnpm start stopped. Once the cause above is mended, npm start again goes on from there.');
    process.exit(code);
  }
  console.log(`${stage}: done in ${seconds(started)}, ${seconds(began)} since the start`);
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

console.log('The Perturbation Atlas: craft on the starter models, measure, build a release, serve it on this machine.');
console.log('Ctrl-C stops it at any moment; npm start again goes on where it stopped.');
await step('1 of 3, crafting and measuring', ['run', 'studies/starter.json']);
await step('2 of 3, verifying the release', ['verify', starterRelease]);
await step('3 of 3, serving', ['serve', '--release', starterRelease]);
