import { type Browser, chromium as playwright } from 'playwright-core';

/** WebGPU without a GPU: computed by SwiftShader, which comes with the browser. */
const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** A camera that shows a moving picture, which every page may use. */
const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/**
 * Starts a real Chromium: the one of the npm package @sparticuz/chromium on Linux x64, elsewhere an installed Chrome.
 * Close it when done.
 *
 * @param options.webgpu whether pages find a WebGPU adapter, which is slow, and real in all else
 * @param options.camera whether pages find a camera
 * @throws Error where there is neither
 */
export async function launchBrowser(options: { webgpu?: boolean; camera?: boolean } = {}): Promise<Browser> {
  const more = [...(options.webgpu ? webgpu : []), ...(options.camera ? camera : [])];
  if (process.platform === 'linux' && process.arch === 'x64') {
    const { default: chromium } = await import('@sparticuz/chromium');
    // Its arguments are made for one page in a serverless function: a single process dies with its first page, and
    // sites are not kept apart.
    const args = chromium.args.filter(
      (arg) => !['--single-process', '--no-zygote', '--disable-web-security'].includes(arg),
    );
    return await playwright.launch({
      executablePath: await chromium.executablePath(),
      args: [...args, ...more],
      headless: true,
    });
  }
  return await playwright.launch({ channel: 'chrome', args: more, headless: true });
}
