import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSafetensors } from '#shared/formats';
import { printable, printableJson } from '../../batch/cli/printable.ts';
import { texts } from '../../bench/hostile/case.ts';
import { atlas } from './atlas.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-printable-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Whatever a terminal obeys: ESC and its 8-bit twin, bells, carriage returns, marks of direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

describe('text of strangers', () => {
  test('is shown with what a terminal would obey made visible', () => {
    expect(printable('a\u001b[31mb\u009b2J\u202ec\rd')).toBe('a\\u001b[31mb\\u009b2J\\u202ec\\u000dd');
    expect(printable('Löffel, 匙\n\tنص 👩‍👩‍👧')).toBe('Löffel, 匙\n\tنص 👩‍👩‍👧');
    for (const text of texts) expect(printable(text)).not.toMatch(obeyed);
  });

  test('is the same value in JSON', () => {
    for (const text of texts) {
      expect(printableJson({ [text]: text })).not.toMatch(obeyed);
      expect(JSON.parse(printableJson({ [text]: text }))).toEqual({ [text]: text });
    }
  });

  test('is cut where it is longer than anybody reads', () => {
    expect(printable(`The key ${'x'.repeat(3e6)} is none.`).length).toBeLessThan(1100);
    expect(printable('word '.repeat(1e6)).length).toBeLessThan(20_100);
  });

  test('is cut where it is one word of tens of millions of characters', () => {
    const word = 'x'.repeat(6e7);
    expect(printable(`a ${word} b ${word}`).length).toBeLessThan(2100);
  });
});

describe('the command line', () => {
  test('says names of a file so, as it says everything', async () => {
    const data = new Float32Array(3 * 36).fill(5);
    const name = `\u001b]0;owned\u0007${'x'.repeat(1e6)}`;
    const path = join(folder, 'v.safetensors');
    await writeFile(path, writeSafetensors({ [name]: { data, shape: [3, 6, 6] } }));
    const photos = join(folder, 'nowhere');
    for (const more of [[], ['--array', 'other']]) {
      const args = ['evaluate', '--perturbation', path, '--model', 'squeezenet1_1', '--photos', photos, ...more];
      const { code, stderr } = await atlas(args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/\\u001b\]0;owned\\u0007/);
      expect(stderr).not.toMatch(obeyed);
      expect(stderr.length).toBeLessThan(6000);
    }
  });

  test('says what a host answers so', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(400, 'Bad \u009b31m thing').end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    const { code, stderr } = await atlas(['verify', `http://127.0.0.1:${port}/data`]);
    server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/answered 400/);
    expect(stderr).not.toMatch(obeyed);
  });
});
