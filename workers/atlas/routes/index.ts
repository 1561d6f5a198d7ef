import type { Routes } from '../app.ts';
import { classify } from './classify.ts';
import { data } from './data.ts';
import { identify } from './identify.ts';
import { perturb } from './perturb.ts';
import { perturbations } from './perturbations.ts';
import { problems } from './problems.ts';
import { release } from './release.ts';
import { transfer } from './transfer.ts';

/** Every part of the Worker. What is in this list is served, described, cached and linked to; there is no other. */
export const routes: Routes = {
  '/api/v1': [release, perturbations, transfer, classify, perturb, identify],
  '/data': [data],
  '/problems': [problems],
};
