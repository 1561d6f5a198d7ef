/** What the starter's photos show, as somebody has written it down. */
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { photoCredit } from '#shared/release';
import classes from '../../zoo/starter/models/imagenet-classes.json' with { type: 'json' };
import credits from '../../zoo/starter/photos.json' with { type: 'json' };

test('every starter photo has a name that can be read aloud, of its own, and labels that there are', async () => {
  const photos = photoCredit.array().parse(credits);
  const files = (await readdir('zoo/starter/photos')).filter((file) => file.endsWith('.jpg'));
  expect(photos.map(({ file }) => file).toSorted()).toEqual(files.toSorted());
  const known = new Set(classes.map(({ label }) => label));
  for (const { file, subject } of photos) {
    expect(subject?.shows, file).toMatch(/^[^\d_.]{3,60}$/);
    for (const label of subject?.labels ?? []) expect(known, `${file}: ${label}`).toContain(label);
  }
  expect(new Set(photos.map(({ subject }) => subject?.shows)).size).toBe(photos.length);
});
