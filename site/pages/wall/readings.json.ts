/** What every network reads in every photo of the wall. */
import type { APIRoute } from 'astro';
import { loadAtlas } from '../../release.ts';
import { wallData } from '../../wall-data.ts';

export const GET: APIRoute = async () =>
  new Response(JSON.stringify((await wallData(loadAtlas()))?.readings ?? null), {
    headers: { 'Content-Type': 'application/json' },
  });
