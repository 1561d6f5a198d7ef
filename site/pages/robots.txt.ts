/** Everything may be read; what is answered anew for each question is left alone. */
import type { APIRoute } from 'astro';

export const GET: APIRoute = ({ site }) => {
  const lines = ['User-agent: *', 'Disallow: /api/v1/classify', 'Disallow: /api/v1/perturb'];
  if (site) lines.push(`Sitemap: ${new URL('sitemap.xml', site)}`);
  return new Response(`${lines.join('\n')}\n`, { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
};
