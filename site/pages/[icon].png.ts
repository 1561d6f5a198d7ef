/** Icons for where an SVG is not taken. */
import type { APIRoute } from 'astro';
import { png } from '../pictures.ts';
import { icon } from '../social.ts';

const sides = { 'apple-touch-icon': 180, 'icon-192': 192, 'icon-512': 512 };

export const getStaticPaths = () =>
  Object.entries(sides).map(([name, side]) => ({ params: { icon: name }, props: { side } }));

export const GET: APIRoute<{ side: number }> = async ({ props: { side } }) =>
  new Response(await png(icon(side)), { headers: { 'Content-Type': 'image/png' } });
