import { spawn } from 'node:child_process';
import { describe, expect, test, vi } from 'vitest';
import { attacks } from '#shared/attacks';
import { atlas, root } from './atlas.ts';

// Each test starts processes, on machines that may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 });

/** An error is one paragraph on standard error, and standard output stays empty. */
async function refused(args: string[], says: RegExp) {
  const { code, stdout, stderr } = await atlas(args);
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^atlas: /);
  expect(stderr).toMatch(says);
}

describe('bad usage ends with status 2 and one paragraph', () => {
  test.each([
    [['modles'], /'modles'.*models/],
    [['models', 'lst'], /'lst'.*list/],
    [['models', 'list', '--jsno'], /'--jsno'.*--json/],
    [['models', 'show'], /missing required argument|Missing required argument/],
    [['models', 'show', 'squeezenet1_1', 'another'], /too many arguments|Too many arguments/],
    [['models', 'prepare', 'squeezenet1_1'], /--out/],
    [['models', 'list', '--workers', '2.5'], /whole number/],
    [['models', 'list', '--workers', '0'], /at least 1/],
    [['models', 'list', '--provider', 'tpu'], /auto, cpu, cuda, webgpu/],
    [['models', 'show', 'efficientnet_lite9'], /Did you mean "efficientnet_lite\d"/],
    [['models', 'show', './nowhere.json'], /no model card at .*nowhere\.json/],
    [['models', 'show', 'model.onnx'], /atlas models add/],
  ])('atlas %j', (args, says) => refused(args, says));
});

test('every command has a help text with an example', async () => {
  const groups = new Map<string, string[]>();
  const { code, stdout } = await atlas(['--help']);
  expect(code).toBe(0);
  for (const name of commandsIn(stdout)) {
    const help = await atlas([name, '--help']);
    expect(help.code, help.stderr).toBe(0);
    const inner = commandsIn(help.stdout);
    if (inner.length > 0) groups.set(name, inner);
    else expect(help.stdout, name).toContain(`\nExample`);
    namesAttacksThatExist(help.stdout);
  }
  await Promise.all(
    [...groups].flatMap(([group, names]) =>
      names.map(async (name) => {
        const help = await atlas([group, name, '--help']);
        expect(help.stdout, `${group} ${name}`).toContain('\nExample');
        expect(help.stdout, `${group} ${name}`).toContain('--json');
        namesAttacksThatExist(help.stdout);
      }),
    ),
  );
});

/** Examples are there to be copied: an attack in one must be there. */
function namesAttacksThatExist(help: string): void {
  for (const [, name] of help.matchAll(/(?:--attack|attacks describe) ([a-z][\w-]*)/g))
    expect([...attacks.keys()]).toContain(name);
}

/** The names under "Commands:" of a help text. */
function commandsIn(help: string): string[] {
  const [, list = ''] = help.split('\nCommands:\n');
  return list
    .split('\n\n')[0]
    .split('\n')
    .map((line) => /^ {2}([a-z]+)/.exec(line)?.[1])
    .filter((name) => name !== undefined);
}

test('a reader that goes away is no error', async () => {
  const child = spawn(
    'sh',
    ['-c', `"${process.execPath}" bin/atlas.mjs models list --json | head -c 10; echo "status $?"`],
    {
      cwd: root,
    },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await new Promise((resolve) => child.on('close', resolve));
  expect(stderr).toBe('');
});
