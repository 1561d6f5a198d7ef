import { assemble } from './app.ts';
import { routes } from './routes/index.ts';

/**
 * The Worker: /api (what is in the releases, classify, perturb), /data (their files), /problems (what its errors mean).
 * The site is static assets.
 */
export default assemble(routes);
