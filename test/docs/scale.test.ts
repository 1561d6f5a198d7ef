import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { atlas, root } from '../cli/atlas.ts';

const examples = `${root}docs/examples/scale`;
const read = (path: string) => readFileSync(path, 'utf8');
const page = read(`${root}docs/scale.md`);

/** Every `npx atlas <command> …` of a text of shell, its lines joined. */
const commandsIn = (text: string): string[][] =>
  text
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const found = /\bnpx atlas ((?:work|run|jobs) [^>#]*)/.exec(line);
      return found && !line.trim().startsWith('#') ? [found[1].trim().split(/\s+/)] : [];
    });

interface Container {
  command: string[];
  args: string[];
  volumeMounts: { name: string }[];
}
const kubernetes = parse(read(`${examples}/kubernetes.yaml`));
const [container]: Container[] = kubernetes.spec.template.spec.containers;

const fences = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text).join('\n');
const shown: [string, string[]][] = [
  ...commandsIn(fences).map((words): [string, string[]] => ['docs/scale.md', words]),
  ...commandsIn(read(`${examples}/slurm.sh`)).map((words): [string, string[]] => ['slurm.sh', words]),
  ...commandsIn(read(`${examples}/ssh.sh`)).map((words): [string, string[]] => ['ssh.sh', words]),
  ['kubernetes.yaml', [...container.command.slice(2), ...container.args]],
];

describe('docs/scale.md and its examples', () => {
  test('show commands and flags that exist', async () => {
    expect(shown.map(([where]) => where)).toEqual(
      expect.arrayContaining(['docs/scale.md', 'slurm.sh', 'ssh.sh', 'kubernetes.yaml']),
    );
    const help = new Map<string, string>();
    for (const command of new Set(shown.map(([, words]) => words[0])))
      help.set(command, (await atlas([command, '--help'])).stdout);
    for (const [where, words] of shown) {
      const flags = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]);
      expect(flags).toContain('--queue');
      for (const flag of flags) expect(help.get(words[0]), `${where}: ${flag}`).toContain(`${flag} `);
    }
  });

  test('are shell that bash reads', async () => {
    for (const name of ['slurm.sh', 'ssh.sh']) await promisify(execFile)('bash', ['-n', `${examples}/${name}`]);
    const { stderr } = await promisify(execFile)('bash', ['-n', '-c', fences]);
    expect(stderr).toBe('');
  });

  test('are manifests whose parts fit', () => {
    expect(kubernetes).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job' });
    const { volumes, restartPolicy } = kubernetes.spec.template.spec;
    expect(volumes.map(({ name }: { name: string }) => name)).toEqual(container.volumeMounts.map(({ name }) => name));
    expect(restartPolicy).toBe('OnFailure');
    const { services } = parse(read(`${examples}/compose.yaml`));
    expect(services.postgres.environment.POSTGRES_USER).toBe('atlas');
    expect(services.postgres.ports).toEqual(['127.0.0.1:5432:5432']);
  });

  test('hold no password', () => {
    const all = ['slurm.sh', 'ssh.sh', 'kubernetes.yaml', 'compose.yaml'].map((name) => read(`${examples}/${name}`));
    for (const text of [page, ...all]) expect(text).not.toMatch(/postgres:\/\/[^\s@/]+:[^\s@]+@/);
  });

  test('reckon what they say they reckon', () => {
    const crafts = 6 * 12 * 2 * 5;
    const craftSeconds = (100_000 * 3 * 16.5e9) / 6e12;
    const measures = (2 * crafts + 60) * 6;
    const measureSeconds = (10_000 * 16.5e9) / 6e12;
    expect([crafts, measures]).toEqual([720, 9000]);
    expect(Math.round(craftSeconds / 10) * 10).toBe(830);
    expect(measureSeconds).toBeCloseTo(27.5);
    const hours = [(crafts * craftSeconds) / 20 / 3600, (measures * measureSeconds) / 20 / 3600];
    expect(hours.map((one) => one.toFixed(1))).toEqual(['8.3', '3.4']);
    expect(Math.round(hours[0] + hours[1] + 0.6)).toBe(12);
    expect(240 * 0.8).toBeCloseTo(190, -1);
    const gigabytes = [2 * 1e4 * 150_528, 1500 * 602_240, 9000 * 80_000].map((bytes) => (bytes / 1e9).toFixed(1));
    expect(gigabytes).toEqual(['3.0', '0.9', '0.7']);
    expect(page).toContain('**12 h, 240 GPU hours, $190**');
  });
});
