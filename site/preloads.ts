/**
 * Names the modules that a page's scripts import beside the scripts, so that the browser asks for all of them at once:
 * otherwise each learns of the next only when it is there, and a slow line waits once more for each.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';
import { init, parse } from 'es-module-lexer';

/** Adds the links to every page that was built. */
export const preloads = (): AstroIntegration => ({
  name: 'preloads',
  hooks: { 'astro:build:done': ({ dir }) => preloadIn(fileURLToPath(dir)) },
});

async function preloadIn(folder: string): Promise<void> {
  await init;
  const known = new Map<string, string[]>();
  const importsOf = async (path: string) => {
    if (!known.has(path)) known.set(path, importsIn(await readFile(join(folder, path), 'utf8'), path));
    return known.get(path) as string[];
  };
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith('.html')) continue;
    const html = await readFile(join(folder, file), 'utf8');
    const more = await withPreloads(html, importsOf);
    if (more !== html) await writeFile(join(folder, file), more);
  }
}

/** The modules that a module imports at once, by their paths on the site. Call `init` of es-module-lexer before. */
export const importsIn = (code: string, path: string): string[] =>
  parse(code)[0].flatMap(({ n: name, d: dynamic }) =>
    name && dynamic === -1 ? [new URL(name, `http://site${path}`).pathname] : [],
  );

/**
 * A page with a link for each module that its scripts import, however far. They stand beside the first script: pictures
 * that the page shows before it are asked for first.
 *
 * @param importsOf the paths of the modules that the module at a path imports
 */
export async function withPreloads(html: string, importsOf: (path: string) => Promise<string[]>): Promise<string> {
  const scripts = [...html.matchAll(/<script type="module" src="([^"]+)"/g)].map(([, path]) => path);
  const found = new Set(scripts);
  // A set goes on to what is added to it meanwhile.
  for (const path of found) for (const imported of await importsOf(path)) found.add(imported);
  const links = [...found].slice(new Set(scripts).size).map((path) => `<link rel="modulepreload" href="${path}">`);
  return html.replace('<script type="module"', `${links.join('')}<script type="module"`);
}
