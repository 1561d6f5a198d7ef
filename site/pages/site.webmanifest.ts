import type { APIRoute } from 'astro';

export const GET: APIRoute = () =>
  Response.json({
    ...{ name: 'Perturbation Atlas', short_name: 'Atlas', start_url: '/', display: 'browser' },
    ...{ background_color: '#f7f3ea', theme_color: '#f7f3ea' },
    icons: [192, 512].map((side) => ({ src: `/icon-${side}.png`, sizes: `${side}x${side}`, type: 'image/png' })),
  });
