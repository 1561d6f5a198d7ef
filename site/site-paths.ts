import { photosById, photoUrl } from './photos/paths.ts';
import { type Atlas, plateUrl } from './release.ts';

/** The address of the page of a table. */
export const tableUrl = (name: string) => `/tables/${encodeURIComponent(name)}/`;

/** Every page that others should find. */
export const sitePaths = ({ plates, manifest }: Atlas): string[] => [
  '/',
  '/perturbations/',
  '/wall/',
  '/craft/',
  ...plates.map(({ id }) => plateUrl(id)),
  '/transfer/',
  ...(manifest.tables.some(({ says }) => says !== undefined) ? ['/findings/'] : []),
  '/photos/',
  ...[...photosById(manifest.photos).values()].map(({ file }) => photoUrl(file)),
  '/downloads/',
  ...manifest.tables.map(({ name }) => tableUrl(name)),
  '/reference/',
  '/about/',
];
