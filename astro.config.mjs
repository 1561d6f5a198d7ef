import { fileURLToPath } from 'node:url';
import { defineConfig } from 'astro/config';
import { defaultClientConditions } from 'vite';
import { preloads } from './site/preloads.ts';

const shared = fileURLToPath(new URL('./shared/', import.meta.url));

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
  integrations: [preloads()],
  vite: {
    // Of onnxruntime-web the files that bring no WebAssembly along: site/runtime says which is loaded, and from where.
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions] },
    // What pages and workers both load lies there once.
    worker: { format: 'es', rollupOptions: { output: { assetFileNames: '_astro/[name].[hash][extname]' } } },
    build: {
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 1500,
      // Nothing in shared/ does anything when it is loaded: of a room that is entered for one name, pages get no more.
      rollupOptions: { treeshake: { moduleSideEffects: (id) => !id.startsWith(shared) } },
    },
  },
});
