import { type Atlas, plateUrl } from './release.ts';

/** Every page that others should find. */
export const sitePaths = ({ plates, manifest }: Atlas): string[] => [
  '/',
  '/perturbations/',
  ...plates.map(({ id }) => plateUrl(id)),
  '/transfer/',
  ...(manifest.tables.some(({ says }) => says !== undefined) ? ['/findings/'] : []),
  '/downloads/',
  '/reference/',
];
