import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * What the result of each step is made by: source files or folders of the checkout, and packages whose version counts.
 */
const parts = {
  photos: {
    paths: ['shared/images', 'batch/photos'],
    packages: ['@jsquash/jpeg', '@jsquash/png', '@jsquash/webp'],
  },
  prepare: { paths: ['shared/graph', 'batch/zoo/prepare.ts'], packages: [] },
  craft: {
    paths: ['shared/graph', 'shared/images', 'shared/metrics', 'batch/compute', 'batch/synthetic', 'batch/attacks'],
    packages: ['onnxruntime-node'],
  },
  measure: {
    paths: ['shared/metrics', 'batch/compute', 'batch/analyses/measure.ts'],
    packages: ['onnxruntime-node'],
  },
  distortion: { paths: ['shared/images', 'batch/studies/distortion.ts'], packages: [] },
  release: {
    paths: [
      'shared/release',
      'shared/formats',
      'shared/images',
      'batch/analyses',
      'batch/studies',
      'batch/publish/build.ts',
      'batch/publish/content.ts',
      'batch/publish/croissant.ts',
      'batch/publish/documents.ts',
      'batch/publish/tables.ts',
    ],
    packages: ['hyparquet-writer'],
  },
} satisfies Record<string, { paths: string[]; packages: string[] }>;

export type Step = keyof typeof parts;

/**
 * The code version of a step: a hash over the bytes of the files that its result depends on, and over the versions of
 * the packages.
 */
export async function codeVersion(step: Step): Promise<string> {
  const hash = createHash('sha256');
  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of parts[step].packages) hash.update(`${name}@${dependencies[name]}\n`);
  for (const path of parts[step].paths) {
    for (const file of await filesOf(join(root, path))) {
      const bytes = await readFile(file);
      hash.update(`${relative(root, file).split(sep).join('/')} ${bytes.length}\n`).update(bytes);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesOf(path: string): Promise<string[]> {
  if (path.endsWith('.ts')) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The commit that runs, with "-dirty" where files differ from it; "unknown" outside of a git checkout. */
export async function currentCommit(): Promise<string> {
  const git = async (...args: string[]) => (await promisify(execFile)('git', args, { cwd: root })).stdout.trim();
  try {
    const commit = await git('rev-parse', 'HEAD');
    return (await git('status', '--porcelain')) === '' ? commit : `${commit}-dirty`;
  } catch {
    return 'unknown';
  }
}
