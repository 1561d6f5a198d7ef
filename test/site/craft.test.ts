/** What the page that crafts is made from, and what its address and its fields say. */
import { describe, expect, test } from 'vitest';
import { attacks, checkCraft, parseSettings } from '#shared/attacks';
import { spread } from '../../site/craft/brought.ts';
import { complaintOf } from '../../site/craft/check.ts';
import type { CraftData } from '../../site/craft/data.ts';
import { sideFor } from '../../site/craft/draw.ts';
import { orderOf, publishedNetwork } from '../../site/craft/order.ts';
import { type CraftState, craftQueryOf, craftStateOf, settingOf } from '../../site/craft/state.ts';
import { curveText, durationText, ticksTo } from '../../site/craft/words.ts';
import { attackData } from '../../site/craft-data.ts';

const model = (id: string) => ({
  ...{
    id,
    title: id.toUpperCase(),
    sha256: '',
    classes: 10,
    graph: { url: `/${id}`, bytes: 1 },
    labels: { url: '/l' },
  },
});
const data: CraftData = {
  ...{ canvas: 224, fit: 'crop', models: ['one', 'two', 'three'].map(model), attacks: attackData() },
  photos: Array.from({ length: 6 }, (_, i) => ({ name: `${i}.jpg`, url: `/p${i}`, shows: 'a photo' })),
  ...{ usual: { inf: 10, '2': 2000 }, start: { network: 'one', attack: 'house' } },
};
const start = craftStateOf('', data);
const order = (part: Partial<CraftState>, own: { name: string; url: string }[] = []) => {
  const state = { ...start, ...part };
  const chosen = publishedNetwork(state.network, data)!;
  return orderOf(state, data, { chosen, own, runtime: { kind: 'wasm', threads: 1 }, usual: data.usual[state.norm] });
};

describe('the attacks that can be chosen', () => {
  test('are all that craft on a network, house first, with settings whose defaults are those of the attack', () => {
    const names = data.attacks.map(({ name }) => name);
    const all = [...attacks.values()].filter(({ usesModel }) => usesModel).map(({ name }) => name);
    expect(names[0]).toBe('house');
    expect(names.toSorted()).toEqual(all.toSorted());
    for (const { name, settings } of data.attacks) {
      const defaults = parseSettings(attacks.get(name)!);
      for (const setting of settings) expect(defaults[setting.name] ?? null).toEqual(setting.default);
    }
  });

  test('take every default back as it stands in its field, and nothing else as a change', () => {
    for (const { name, settings } of data.attacks)
      for (const setting of settings) {
        expect([name, setting.name, settingOf(setting, String(setting.default ?? ''))]).toEqual([
          name,
          setting.name,
          undefined,
        ]);
        if (setting.kind === 'flag') expect(settingOf(setting, String(!setting.default))).toBe(!setting.default);
      }
    const step = data.attacks[0].settings.find(({ name }) => name === 'step')!;
    expect([settingOf(step, ' 0.5 '), settingOf(step, ''), settingOf(step, 'much')]).toEqual([0.5, undefined, 'much']);
    expect(step).toMatchObject({ kind: 'number', least: 0, most: 3 });
  });
});

describe('the address', () => {
  test('has all that was chosen, and is empty at the start', () => {
    expect(craftQueryOf(start, data)).toBe('');
    const state: CraftState = {
      ...{ network: 'two', attack: 'sga', settings: { batch: 4, flips: false }, norm: '2', epsilon: 1500, seed: 7 },
      ...{ gradients: 2000, photos: 'synthetic', pictures: 60 },
    };
    expect(craftStateOf(craftQueryOf(state, data), data)).toEqual(state);
  });

  test('that names what is not there begins as usual, and keeps a wrong number for the check to say so', () => {
    const state = craftStateOf('?network=no&attack=no&norm=7&epsilon=x&photos=mine&set.step=0.1&set.no=1', data);
    expect(state).toEqual({ ...start, settings: { step: 0.1 } });
    expect(craftStateOf('?seed=-1&epsilon=0.04', data)).toMatchObject({ seed: -1, epsilon: 0.04 });
    expect(craftStateOf('?network=own.12345678', data, ['own.12345678']).network).toBe('own.12345678');
    expect(craftStateOf('', { ...data, photos: [] }).photos).toBe('synthetic');
  });
});

describe('an order', () => {
  test('is for the network that was chosen, with the others to be tried afterwards', () => {
    const made = order({ network: 'two', norm: '2' });
    expect(made.network.id).toBe('two');
    expect(made.others.map(({ id }) => id)).toEqual(['one', 'three']);
    expect(made).toMatchObject({ epsilon: 2000, budget: { gradients: 500 }, synthetic: null });
    expect(made.photos.map(({ name }) => name)).toEqual(data.photos.map(({ name }) => name));
    expect(JSON.stringify(made)).not.toContain('classes');
  });

  test('has the photos that were brought, or holds all published ones out beside pictures from the seed', () => {
    const own = [{ name: 'mine.jpg', url: 'blob:1' }];
    expect(order({ photos: 'own' }, own).photos).toEqual(own);
    const drawn = order({ photos: 'synthetic', pictures: 50 });
    expect([drawn.synthetic, drawn.photos.length]).toEqual([50, 6]);
  });

  test('for a network of another canvas is tried on no other one', () => {
    const chosen = { ...publishedNetwork('one', data)!, canvas: 32 };
    const runtime = { kind: 'wasm', threads: 1 } as const;
    expect(orderOf(start, data, { chosen, own: [], runtime, usual: 10 }).others).toEqual([]);
  });

  test('is checked in the words of the command line', async () => {
    expect(await complaintOf(order({}), 10)).toBeNull();
    const wrong: Partial<CraftState>[] = [
      ...[{ epsilon: 0.04 }, { seed: -1 }, { gradients: 1.5 }],
      ...[{ settings: { step: 9 } }, { settings: { target: 10 } }],
    ];
    for (const part of wrong) {
      const made = order(part);
      const said = () =>
        checkCraft({ ...made, surrogates: [{ id: made.network.title, classes: 10 }], photos: made.photos.length });
      expect(said).toThrow();
      const complaint = await complaintOf(made, 10);
      expect(said).toThrow(complaint as string);
    }
    expect(await complaintOf(order({ photos: 'own' }), 10)).toContain('at least 2 photos');
    expect(await complaintOf(order({ photos: 'synthetic', pictures: 2.5 }), 10)).toContain('whole number');
  });
});

describe('what is drawn', () => {
  test('is at whole multiples or whole parts of its pixels', () => {
    expect([sideFor(224, 448), sideFor(32, 448), sideFor(224, 112), sideFor(32, 112), sideFor(500, 448)]).toEqual([
      448, 448, 112, 96, 500,
    ]);
  });

  test('has a scale of round numbers, and a curve that is also told', () => {
    for (const total of [1, 7, 60, 100, 500, 1500, 20_000]) {
      const ticks = ticksTo(total).map(({ at }) => at);
      expect(ticks[0]).toBe(0);
      expect(ticks.length).toBeLessThanOrEqual(7);
      expect(ticks.at(-1)).toBeLessThanOrEqual(total);
    }
    const heldOut = (fooled: number) => ({ photos: 16, fooled, ratio: fooled / 16, low: 0.1, high: 0.9 });
    const looks = [4, 9].map((fooled, i) => ({ gradients: 10 + 90 * i, heldOut: heldOut(fooled) }));
    expect(curveText({ looks, curve: [{ gradients: 100, fooling: 0.7 }] })).toBe(
      'Held-out photographs that are misread: from 4 of 16 after 10 gradients to 9 of 16 after 100 (95 % interval 10.0 to 90.0\u202f%). Of the crafting pictures 70 percent by now.',
    );
  });

  test('durations are in the units that people use', () => {
    expect([0.4, 59.6, 61, 3725].map(durationText)).toEqual(['0 s', '1 min', '1 min 1 s', '1 h 2 min']);
  });

  test('of more photos than are taken, those taken are spread over all', () => {
    expect(spread([1, 2, 3], 5)).toEqual([1, 2, 3]);
    expect(spread([...Array(10).keys()], 4)).toEqual([0, 2, 5, 7]);
  });
});
