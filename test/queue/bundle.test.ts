import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeNpy } from '#shared/formats';
import { CodeReader } from '../../batch/jobs/index.ts';
import { bundle, bundleOf, ownPlan, planOfBundle } from '../../batch/queue/bundle.ts';
import { findPhotos, loadStudy, plan, sourcesOf } from '../../batch/studies/index.ts';
import { writeSmallStudy } from '../studies/small-study.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-bundle-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A study with all that one can have: perturbations of others, hardened networks, every finding. */
async function loaded() {
  return sourcesOfStudy(await smallStudy());
}

async function sourcesOfStudy(path: string) {
  const study = await loadStudy(path);
  const photos = await findPhotos(study.photos, join(folder, 'photos.json'), { keep: false });
  return { study, photos, provider: 'cpu' as const, sources: await sourcesOf(study.models) };
}

async function smallStudy(): Promise<string> {
  await writeFile(
    join(folder, 'theirs.npy'),
    writeNpy(
      Float32Array.from({ length: 192 }, (_, i) => (i % 2 ? 5 : -5)),
      [3, 8, 8],
    ),
  );
  return writeSmallStudy(folder, {
    perturbations: [
      { attack: 'sgd-uap', epsilon: 20, seeds: [1, 2], budget: { gradients: 500 } },
      { attack: 'noise', epsilon: 20 },
      { file: 'theirs.npy', scale: 255, norm: 'inf', epsilon: 5 },
    ],
    hardened: [{ model: 'linear1' }],
  });
}

test('a worker that has nothing but the bundle makes the same jobs with the same keys', async () => {
  const codes = await CodeReader.open();
  const sources = await loaded();
  const here = ownPlan(plan(sources.study, { ...sources, release: join(folder, 'release') }).jobs, codes);
  const travelled = bundle.parse(JSON.parse(JSON.stringify(bundleOf(sources))));
  const there = await planOfBundle(travelled, codes);
  expect(here.jobs.size).toBeGreaterThan(40);
  expect([...there.jobs].map(([key, { step, id }]) => `${key} ${step} ${id}`)).toEqual(
    [...here.jobs].map(([key, { step, id }]) => `${key} ${step} ${id}`),
  );
  expect(there.plan).toBe(here.plan);
  expect(new Set([...here.jobs.values()].map(({ step }) => step))).toContain('harden');
  // A provider more, and nothing of it is the same plan.
  const other = await planOfBundle({ ...travelled, provider: 'cuda' }, codes);
  expect(other.plan).not.toBe(here.plan);
});

test.each(readdirSync('studies').filter((name) => name.endsWith('.json')))(
  'the same of studies/%s, whose photos say what they show',
  async (name) => {
    const codes = await CodeReader.open();
    const sources = await sourcesOfStudy(join('studies', name));
    const here = ownPlan(plan(sources.study, { ...sources, release: join(folder, 'release') }).jobs, codes);
    const there = await planOfBundle(bundle.parse(JSON.parse(JSON.stringify(bundleOf(sources)))), codes);
    expect([...there.jobs].map(([key, { step, id }]) => `${key} ${step} ${id}`)).toEqual(
      [...here.jobs].map(([key, { step, id }]) => `${key} ${step} ${id}`),
    );
  },
);

test('what travels tells nothing of where files lie', async () => {
  const text = JSON.stringify(bundleOf(await loaded()));
  expect(text).not.toContain(folder);
  expect(text).not.toContain('credits.json');
  expect(text).toContain('theirs.npy');
});
