/** What `npm start` promises of its study, read off the plan: nothing is computed here. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CodeReader, type Job, keysOf } from '../../batch/jobs/index.ts';
import { findPhotos, loadStudy, plan } from '../../batch/studies/index.ts';
import { planPerturbations } from '../../batch/studies/perturbations.ts';
import { root } from '../cli/atlas.ts';

const path = (study: string) => join(root, 'studies', `${study}.json`);

async function jobsOf(name: string): Promise<Job[]> {
  const study = await loadStudy(path(name));
  const photos = await findPhotos(study.photos, join(root, 'none'), { keep: false });
  const sources = new Map(study.models.map(({ card }) => [card.id, card.source.sha256 as string]));
  return plan(study, { photos, provider: 'cpu', sources, release: 'release' }).jobs;
}

test('all that the first look crafts and measures, the starter needs as well', async () => {
  const codes = await CodeReader.open();
  const keysIn = async (name: string) => {
    const jobs = await jobsOf(name);
    return new Map([...keysOf(jobs, codes)].map(([{ step, id }, key]) => [`${step} ${id}`, key]));
  };
  const [first, starter] = [await keysIn('first-look'), await keysIn('starter')];
  const own = /^(analyse|showcase|sweep|release) /;
  const shared = [...first].filter(([job]) => !own.test(job));
  expect(shared.filter(([job]) => /^(craft|measure) /.test(job)).length).toBeGreaterThan(20);
  for (const [job, key] of shared) expect(starter.get(job), job).toBe(key);
  expect(starter.size).toBeGreaterThan(4 * first.size);
});

test('the starter has plates of every kind, and hardened networks', async () => {
  const study = await loadStudy(path('starter'));
  const plates = planPerturbations(study).perturbations.filter(({ surrogates }) => surrogates.length > 0);
  expect(plates.length).toBeGreaterThanOrEqual(16);
  const models = study.models.map(({ card }) => card.id);
  for (const model of models) {
    const seeds = plates.filter(({ surrogates, norm }) => surrogates.join() === model && norm === 'inf');
    expect(new Set(seeds.map(({ seed }) => seed)).size, model).toBeGreaterThanOrEqual(3);
  }
  const kinds = {
    norm2: plates.some(({ norm }) => norm === '2'),
    targeted: plates.some(({ settings }) => settings.target !== undefined),
    'without photos': plates.some(({ photos }) => photos === 0),
    ensemble: plates.some(({ surrogates }) => surrogates.length > 1),
    'the article’s own': plates.some(({ attack }) => attack === 'uap'),
  };
  expect(Object.entries(kinds).filter(([, is]) => !is)).toEqual([]);
  expect(study.hardened.length).toBeGreaterThanOrEqual(2);
});

test('the whole findings are of the same perturbations', async () => {
  const [starter, findings] = await Promise.all(
    ['starter', 'findings'].map(async (name) => JSON.parse(await readFile(path(name), 'utf8'))),
  );
  for (const name of ['models', 'hardened', 'perturbations']) expect(findings[name]).toEqual(starter[name]);
});
