/** What the lab remembers, fetches and puts into addresses; how it looks and behaves is test/e2e. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { LabData } from '../../site/lab/data.ts';
import { isFooled } from '../../site/lab/machine.ts';
import { changed, queryOf, stateOf } from '../../site/lab/state.ts';
import { verdictOf } from '../../site/lab/words.ts';
import { remember } from '../../site/runtime/remember.ts';

const data = {
  photos: [{ id: 'cat' }, { id: 'dog' }],
  models: [{ id: 'one' }, { id: 'two' }],
  perturbations: [{ id: 'one.house.inf10.s1' }, { id: 'a+b.house.inf10.s1' }],
  start: { photo: 'cat', model: 'one', perturbation: 'one.house.inf10.s1', strength: 1 },
} as unknown as LabData;
const start = { ...data.start, where: 'release' as const };

describe('the address of the lab', () => {
  test('has no query at the start, and the start is what no query means', () => {
    expect(stateOf('', data)).toEqual(start);
    expect(queryOf(start, data)).toBe('');
  });

  test('carries every choice, and gives it back', () => {
    const state = {
      photo: 'dog',
      model: 'two',
      perturbation: 'a+b.house.inf10.s1',
      strength: 1.25,
      where: 'edge' as const,
    };
    expect(stateOf(queryOf(state, data), data)).toEqual(state);
    expect(queryOf({ ...start, strength: 0.5 }, data)).toBe('?strength=0.5');
  });

  test('that names what there is not is as at the start', () => {
    const query = '?photo=horse&model=three&perturbation=&where=moon&strength=';
    for (const strength of ['', '%20', 'much']) expect(stateOf(query + strength, data)).toEqual(start);
  });

  test('with a strength beyond the slider has that of its end, and is mended', () => {
    const mended = (strength: string) => queryOf(stateOf(`?strength=${strength}`, data), data);
    expect(['99', '2.01', 'Infinity', '2'].map(mended)).toEqual(Array(4).fill('?strength=2'));
    expect(['-0.5', '0'].map(mended)).toEqual(['?strength=0', '?strength=0']);
    expect(mended('1')).toBe('');
  });

  test('never names a photo that the visitor brought', () => {
    expect(queryOf({ ...start, photo: 'own.2', strength: 0 }, data)).toBe('?strength=0');
  });
});

describe('a network that the visitor brought', () => {
  const own = 'own.12345678';
  const withOwn = { ...data, models: [...data.models, { id: own }] } as LabData;

  test('is named by the address, and reads in this browser whatever the address says', () => {
    const state = stateOf(`?model=${own}&where=edge`, withOwn);
    expect(state).toMatchObject({ model: own, where: 'browser' });
    expect(queryOf(state, withOwn)).toBe(`?model=${own}`);
  });

  test('is the network of the start where this browser does not have it', () => {
    expect(stateOf(`?model=${own}`, data)).toEqual(start);
  });

  test('takes the reading to this browser, and another network takes it back', () => {
    const state = changed(start, { model: own });
    expect(state.where).toBe('browser');
    expect(changed(state, { where: 'edge' }).where).toBe('browser');
    expect(changed(state, { model: 'two' })).toMatchObject({ model: 'two', where: 'release' });
    expect(changed({ ...start, where: 'edge' }, { model: 'two' }).where).toBe('edge');
  });
});

describe('what is remembered', () => {
  const made: string[] = [];
  const make = async (key: string) => {
    made.push(key);
    if (key === 'bad' && made.filter((one) => one === key).length === 1) throw new Error('not yet');
    return key.toUpperCase();
  };
  afterEach(() => void made.splice(0));

  test('is made once, also for several who ask at once', async () => {
    const get = remember(make, 4);
    expect(await Promise.all([get('a'), get('a'), get('b')])).toEqual(['A', 'A', 'B']);
    expect(await get('a')).toBe('A');
    expect(made).toEqual(['a', 'b']);
  });

  test('is what was asked for last, so many as are kept', async () => {
    const get = remember(make, 2);
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await get(key);
    // "b" had to go for "c", and "a" was always in use.
    expect(made).toEqual(['a', 'b', 'c', 'b']);
  });

  test('is no failure: the next who asks tries again', async () => {
    const get = remember(make, 4);
    await expect(get('bad')).rejects.toThrow('not yet');
    expect(await get('bad')).toBe('BAD');
  });
});

describe('a download', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });
  const answering = async (...parts: number[][]) => {
    const body = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (const part of parts) controller.enqueue(Uint8Array.from(part));
          controller.close();
        },
      });
    vi.stubGlobal('fetch', async (url: string) => new Response(body(), { status: url.includes('gone') ? 404 : 200 }));
    return import('../../site/runtime/download.ts');
  };

  test('is whole, in the order in which it came, and told as whole at its end', async () => {
    const { download, onProgress } = await answering([1, 2, 3], [4], [5, 6]);
    const told: [number, number][] = [];
    onProgress((loaded, total) => told.push([loaded, total]));
    expect(await download('/x', 100)).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
    // 100 bytes were promised, and 6 are all that there is.
    expect(told.at(-1)).toEqual([6, 6]);
  });

  test('that is answered with an error is an error that says which', async () => {
    const { download } = await answering([1]);
    await expect(download('/gone')).rejects.toThrow(/\/gone could not be loaded: the server answered 404/);
  });
});

describe('the verdict', () => {
  const of = (index: number, probability: number) => ({ index, label: `class ${index}`, probability });
  /** What the lab says where the photo alone is class 3 with 60 %. */
  const said = (perturbed: [number, number], strength: number) => {
    const reading = { clean: [of(3, 0.6)], perturbed: [of(...perturbed)], by: 'browser' as const, took: '' };
    const pieces = verdictOf(reading, strength).map((piece) =>
      typeof piece === 'string' ? piece : Object.values(piece)[0],
    );
    return { fooled: isFooled(reading), text: pieces.join('') };
  };

  test('is fooled where the label is another one, however sure the network is', () => {
    for (const probability of [0.1, 0.6, 0.9]) {
      expect(said([4, probability], 1)).toEqual({
        fooled: true,
        text: 'fooled: without the pattern it reads class 3, 60.0\u202f%',
      });
    }
  });

  test('is not fooled where only the probability is another one', () => {
    for (const probability of [0.1, 0.6, 0.9]) {
      expect(said([3, probability], 1).fooled).toBe(false);
      expect(said([3, probability], 1).text).toMatch(/^not fooled/);
    }
    expect(said([3, 0.6], 0).text).toBe('this is the photograph as it is');
  });
});
