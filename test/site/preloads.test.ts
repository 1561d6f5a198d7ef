import { init } from 'es-module-lexer';
import { beforeAll, describe, expect, test } from 'vitest';
import { importsIn, withPreloads } from '../../site/preloads.ts';

beforeAll(() => init);

describe('the modules of a page', () => {
  test('are those that its scripts import at once, not those that they may import later', () => {
    const code =
      'import{a}from"./a.js";import"../b.js";export*from"/c.js";const d=()=>import("./d.js"),e=import.meta.url';
    expect(importsIn(code, '/_astro/page.js')).toEqual(['/_astro/a.js', '/b.js', '/c.js']);
  });

  test('are named beside its first script, once each, however far and however often they are imported', async () => {
    const imports: Record<string, string[]> = {
      '/page.js': ['/a.js', '/b.js', '/other.js'],
      ...{ '/other.js': ['/b.js'], '/a.js': ['/far.js'], '/b.js': ['/far.js'], '/far.js': ['/a.js'] },
    };
    const page = (links: string) =>
      `<html><head><title>A page</title></head><img src="/a.png">${links}<script type="module" src="/page.js"></script><script type="module" src="/other.js"></script></html>`;
    const links = ['/a.js', '/b.js', '/far.js'].map((path) => `<link rel="modulepreload" href="${path}">`);
    expect(await withPreloads(page(''), async (path) => imports[path])).toBe(page(links.join('')));
  });

  test('are none of a page without scripts', async () => {
    const page = '<html><head></head><script src="/edition.js"></script></html>';
    expect(await withPreloads(page, () => Promise.reject(new Error('asked')))).toBe(page);
  });
});
