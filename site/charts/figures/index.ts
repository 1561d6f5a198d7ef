/** Every figure of the findings page, one line each, in the order of the page. */
import type { Figure } from '../figure.ts';
import { concentration } from './concentration.ts';
import { controls } from './controls.ts';
import { diversity } from './diversity.ts';
import { flow } from './flow.ts';
import { predictors } from './predictors.ts';
import { resistance } from './resistance.ts';
import { roles } from './roles.ts';
import { saturation } from './saturation.ts';
import { seeds } from './seeds.ts';
import { strength } from './strength.ts';

export const figures: Figure[] = [
  saturation,
  strength,
  controls,
  flow,
  concentration,
  resistance,
  predictors,
  diversity,
  seeds,
  roles,
];
