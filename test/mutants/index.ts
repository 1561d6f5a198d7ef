/** Every planted mistake, by room; each room has a file. */
import { arrays } from './arrays.ts';
import { attacks } from './attacks.ts';
import { compute } from './compute.ts';
import { graph } from './graph.ts';
import { images } from './images.ts';
import { jobs } from './jobs.ts';
import { methods } from './methods.ts';
import { metrics } from './metrics.ts';
import { models } from './models.ts';
import type { Mutant } from './mutant.ts';
import { pages } from './pages.ts';
import { photos } from './photos.ts';
import { publish } from './publish.ts';
import { queue } from './queue.ts';
import { lab, site } from './site.ts';
import { studies } from './studies.ts';
import { synthetic } from './synthetic.ts';
import { why } from './why.ts';
import { workers } from './workers.ts';

const rooms = {
  ...{ images, metrics, arrays, photos, synthetic, compute, attacks, methods, graph, models },
  ...{ jobs, queue, studies, why, publish, workers, site, lab, pages },
};

export const mutants: Mutant[] = Object.entries(rooms).flatMap(([room, list]) =>
  list.map((mutant) => ({ ...mutant, id: `${room}/${mutant.id}` })),
);
