import { defineConfig } from 'astro/config';

/**
 * The site is static: pages are built from the release named by ATLAS_RELEASE (see site/release.ts), and pictures,
 * tables and models are fetched from /data and /api of the same origin. ATLAS_SITE_URL, where given, is the address
 * that the pages name in examples without JavaScript.
 */
export default defineConfig({
  srcDir: './site',
  publicDir: './site/public',
  outDir: './dist',
  site: process.env.ATLAS_SITE_URL || undefined,
  trailingSlash: 'ignore',
  build: { format: 'directory', inlineStylesheets: 'never' },
  devToolbar: { enabled: false },
  vite: {
    worker: { format: 'es' },
    build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 1500 },
  },
});
