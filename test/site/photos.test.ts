/** What a photo's page says of it. */
import { expect, test } from 'vitest';
import type { Manifest } from '#shared/release';
import { photosById, photoUrl } from '../../site/photos/paths.ts';
import { fate } from '../../site/photos/readings.ts';

test('its fate is told by the plates on the networks that they were made on', () => {
  expect(fate({ tried: 17, fooled: 0 })).toContain('never changes in 17 tries');
  expect(fate({ tried: 17, fooled: 11 })).toContain('changes 11 times of 17');
  expect(fate({ tried: 17, fooled: 17 })).toContain('every time, 17 of 17');
  expect(fate({ tried: 0, fooled: 0 })).toContain('No plate was tried');
});

test('two files of one name share a page, which is that of the first', () => {
  const photos = ['a b.jpg', 'a b.png', 'c.jpg'].map((file) => ({ file })) as Manifest['photos'];
  expect([...photosById(photos)].map(([id, { file }]) => [id, file]).toSorted()).toEqual([
    ['a b', 'a b.jpg'],
    ['c', 'c.jpg'],
  ]);
  expect(photoUrl('a b.jpg')).toBe('/photos/a%20b/');
});
