import { expect, test } from 'vitest';
import { Sessions } from '#shared/compute';

/** Sessions that write down what is done with them. */
function watched(most: number) {
  const log: string[] = [];
  const sessions = new Sessions(
    most,
    async ({ key }) => {
      log.push(`open ${key}`);
      return key;
    },
    async (key) => {
      log.push(`let go ${key}`);
    },
  );
  return { log, of: (key: string) => sessions.of({ key, bytes: new Uint8Array(0) }), sessions };
}

test('a session is opened once, and the one not used for longest goes before there is one too many', async () => {
  const { log, of } = watched(2);
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) expect(await of(key)).toBe(key);
  expect(log).toEqual(['open a', 'open b', 'let go b', 'open c', 'let go c', 'open b']);
});

test('one session is given back, or all', async () => {
  const { log, of, sessions } = watched(3);
  for (const key of ['a', 'b', 'c']) await of(key);
  await sessions.release('b');
  await sessions.release('unknown');
  await sessions.release(null);
  expect(log.slice(3)).toEqual(['let go b', 'let go a', 'let go c']);
  await of('a');
  expect(log.at(-1)).toBe('open a');
});

test('one that cannot be opened is not kept', async () => {
  let fails = true;
  const sessions = new Sessions(
    2,
    async () => {
      if (fails) throw new Error('no memory');
      return 1;
    },
    async () => {},
  );
  const program = { key: 'a', bytes: new Uint8Array(0) };
  await expect(sessions.of(program)).rejects.toThrow('no memory');
  fails = false;
  expect(await sessions.of(program)).toBe(1);
});
