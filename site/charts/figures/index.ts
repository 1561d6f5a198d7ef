/** Every figure of the findings page, one line each, in the order of the page. */
import type { Figure } from '../figure.ts';
import { concentration } from './concentration.ts';
import { controls } from './controls.ts';
import { defences } from './defences.ts';
import { diversity } from './diversity.ts';
import { flow } from './flow.ts';
import { layers } from './layers.ts';
import { normals } from './normals.ts';
import { predictors } from './predictors.ts';
import { resistance } from './resistance.ts';
import { roc } from './roc.ts';
import { roles } from './roles.ts';
import { rounds } from './rounds.ts';
import { saturation } from './saturation.ts';
import { seeds } from './seeds.ts';
import { span } from './span.ts';
import { strength } from './strength.ts';
import { subspace } from './subspace.ts';
import { sweep } from './sweep.ts';
import { tampered } from './tampered.ts';
import { thresholds } from './thresholds.ts';

export const figures: Figure[] = [
  saturation,
  strength,
  thresholds,
  controls,
  flow,
  concentration,
  layers,
  resistance,
  predictors,
  diversity,
  normals,
  subspace,
  span,
  seeds,
  roles,
  defences,
  tampered,
  roc,
  rounds,
  sweep,
];
