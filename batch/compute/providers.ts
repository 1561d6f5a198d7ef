import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { listSupportedBackends } from 'onnxruntime-node';
import { ComputeError } from '#shared/compute';
import type { Provider } from '#shared/release';

const gpus = ['cuda', 'webgpu'] as const;

const remedies: Record<(typeof gpus)[number], string> = {
  cuda: 'It needs an NVIDIA GPU with its driver, CUDA 12 and cuDNN 9, and the libraries that `ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js` fetches.',
  webgpu: 'It needs a GPU with a Vulkan (libvulkan.so.1 on Linux), Metal or Direct3D 12 driver.',
};

/**
 * Opens a session of one node on a provider, in a process of its own: a driver that is half installed can print at
 * length, or end the process. Answers null when it works, or else why not.
 */
function probe(provider: string): Promise<string | null> {
  const entry = fileURLToPath(new URL('./probe.ts', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, provider], { timeout: 20_000 }, (error, stdout) => {
      if (stdout.startsWith('ok')) resolve(null);
      else resolve(stdout.split('\n')[0].trim() || error?.message.split('\n')[0] || 'it ended without an answer');
    });
  });
}

/**
 * The provider to work on. `auto` takes the first GPU that onnxruntime lists and that really runs a node, and otherwise
 * the CPU, which it says in one line through `notice`.
 *
 * @throws ComputeError when the provider that was asked for cannot run here.
 */
export async function chooseProvider(
  asked: Provider | 'auto',
  notice: (line: string) => void = () => {},
): Promise<Provider> {
  if (asked === 'cpu') return 'cpu';
  const listed = new Set(listSupportedBackends().map((backend) => backend.name));
  const why: string[] = [];
  for (const gpu of gpus) {
    if (asked !== 'auto' && asked !== gpu) continue;
    const reason = listed.has(gpu) ? await probe(gpu) : `this build of onnxruntime has no ${gpu}`;
    if (reason === null) return gpu;
    if (asked === gpu) {
      throw new ComputeError(
        `The provider ${gpu} does not work on this machine: ${reason}. ${remedies[gpu]} Or use --provider cpu.`,
      );
    }
    why.push(gpu);
  }
  notice(`No GPU that onnxruntime can use (tried ${why.join(', ')}): running on the CPU. --provider cuda says why.`);
  return 'cpu';
}
