/** sitemap.xml and releases.xml (RSS): they name whole addresses, so they are there where the site's own is known. */
import type { APIRoute } from 'astro';
import { type Atlas, loadAtlas } from '../release.ts';
import { sitePaths } from '../site-paths.ts';

const feeds = { sitemap, releases };

export const getStaticPaths = () =>
  process.env.ATLAS_SITE_URL ? Object.keys(feeds).map((feed) => ({ params: { feed } })) : [];

export const GET: APIRoute = ({ params, site }) => {
  const { type, text } = feeds[params.feed as keyof typeof feeds](loadAtlas(), site!);
  return new Response(text, { headers: { 'Content-Type': type } });
};

const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

function sitemap(atlas: Atlas, site: URL) {
  const day = atlas.manifest.created.slice(0, 10);
  const urls = sitePaths(atlas).map(
    (path) => `<url><loc>${escaped(new URL(path, site).href)}</loc><lastmod>${day}</lastmod></url>`,
  );
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${urls.join('\n')}\n</urlset>\n`;
  return { type: 'application/xml', text };
}

/** The release that the site shows: a reader that looks now and then sees each that is published. */
function releases({ manifest: { version, title, description, created } }: Atlas, site: URL) {
  const link = escaped(new URL('/downloads/', site).href);
  const item = [
    `<title>${escaped(`Release ${version}: ${title}`)}</title>`,
    `<link>${link}</link>`,
    `<description>${escaped(description)}</description>`,
    `<guid isPermaLink="false">${escaped(`${site.host} ${version}`)}</guid>`,
    `<pubDate>${new Date(created).toUTCString()}</pubDate>`,
  ];
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>\n<title>Perturbation Atlas: releases</title>\n<link>${link}</link>\n<description>Universal adversarial perturbations, measured: every release of the data.</description>\n<item>${item.join('')}</item>\n</channel></rss>\n`;
  return { type: 'application/rss+xml', text };
}
