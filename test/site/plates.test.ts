/** What plates are called. */
import { expect, test } from 'vitest';
import { wordsFor } from '../../site/plates/words.ts';

test('a plate is called by what more photos than before are read as, and by how many', () => {
  const of = (name: string, before: number, after: number, isGroup = true) =>
    wordsFor({ name, before, after, isGroup });
  expect(of('dog', 0.02, 0.72)).toBe('Mostly dogs');
  expect(of('sea creature or other invertebrate', 0, 0.35)).toBe('Many sea creatures or other invertebrates');
  expect(of('artefact', 0.55, 0.7)).toBe('Some artefacts');
  expect(of('wolf, fox or wild dog', 0, 0.6)).toBe('Mostly wolves, foxes or wild dogs');
  expect([of('fish', 0, 0.6), of('person', 0, 0.6), of('hoofed animal', 0, 0.3)]).toEqual([
    'Mostly fish',
    'Mostly people',
    'Many hoofed animals',
  ]);
  // A label is one thing.
  expect(of('brain coral', 0, 0.58, false)).toBe('Mostly “brain coral”');
  expect([of('eel', 0, 0.3, false), of('wig', 0, 0.17, false)]).toEqual(['Often “eel”', 'At times “wig”']);
});
