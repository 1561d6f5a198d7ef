/** What the lab shows of a question, whatever comes back and when; how it looks is test/e2e. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Conductor, type Sources } from '../../site/lab/conductor.ts';
import { Entries } from '../../site/lab/entries.ts';
import { during, failureOf, LabError } from '../../site/lab/failure.ts';
import { idle, isFooled, type Lab, type LabEvent, next, type Picture, type Reading } from '../../site/lab/machine.ts';
import type { LabState } from '../../site/lab/state.ts';
import { progressText, saidOf, staleText, verdictOf } from '../../site/lab/words.ts';

const question: LabState = { photo: 'cat', model: 'one', perturbation: 'p', strength: 0, where: 'browser' };
const picture: Picture = {
  clean: new Uint8ClampedArray(4),
  perturbed: new Uint8ClampedArray(4),
  linf: 10,
  psnr: 28,
};
const prediction = (label: string, index: number) => ({ label, index, probability: 0.5 });
const fooled: Reading = {
  clean: [prediction('cat', 1)],
  perturbed: [prediction('dog', 2)],
  by: 'browser',
  took: '9 ms',
};
const failure = { says: 'It could not be done.', ways: ['again'] as const };
const fold = (lab: Lab, ...events: LabEvent[]) => events.reduce(next, lab);
const asked = next(idle(question), { type: 'asked', question });
const answered = fold(asked, { type: 'picture', asked: 1, picture }, { type: 'reading', asked: 1, reading: fooled });

describe('the lab', () => {
  test('has answered once there are both the picture and what is read in it', () => {
    const drawn = next(asked, { type: 'picture', asked: 1, picture });
    expect([drawn.phase, drawn.picture]).toEqual(['waiting', picture]);
    const read = next(asked, { type: 'reading', asked: 1, reading: fooled });
    expect(read.phase).toBe('waiting');
    expect(answered).toMatchObject({ phase: 'answered', question, reading: fooled, before: null });
  });

  test('keeps the answer to another question as that, and never as the new one', () => {
    const other = { ...question, model: 'two' };
    const waiting = next(answered, { type: 'asked', question: other });
    expect(waiting).toMatchObject({ phase: 'waiting', reading: null, picture: null });
    expect(waiting.before).toEqual({ question, reading: fooled });
    expect(staleText({ model: 'One', photo: 'a cat', plate: 'plate 1' }, 0)).toBe(
      'that was One on a cat, plate 1 at 0.00',
    );
    // Nor does a third question make an answer of what the second waited beside.
    const third = next(waiting, { type: 'asked', question: { ...question, strength: 1 } });
    expect(third.before).toEqual({ question, reading: fooled });
    expect(saidOf(third, { model: 'One' })).toBe('');
  });

  test('lets nothing late change what is shown of a newer question', () => {
    const waiting = next(answered, { type: 'asked', question: { ...question, photo: 'dog' } });
    const late: LabEvent[] = [
      { type: 'picture', asked: 1, picture },
      { type: 'reading', asked: 1, reading: fooled },
      { type: 'failed', asked: 1, failure },
      { type: 'progress', asked: 1, progress: { loaded: 1, total: 2 } },
    ];
    for (const event of late) expect(next(waiting, event)).toBe(waiting);
  });

  test('clears the reading on failure, and no late report of a download writes over it', () => {
    const failed = fold(
      next(answered, { type: 'asked', question: { ...question, photo: 'own.1' } }),
      { type: 'progress', asked: 2, progress: { loaded: 15, total: 16 } },
      { type: 'failed', asked: 2, failure },
    );
    expect(failed).toMatchObject({ phase: 'failed', reading: null, before: null, picture: null, progress: null });
    expect(saidOf(failed, { model: 'One' })).toBe('It could not be done.');
    const late: LabEvent[] = [
      { type: 'progress', asked: 2, progress: { loaded: 16, total: 16 } },
      { type: 'reading', asked: 2, reading: fooled },
      { type: 'picture', asked: 2, picture },
      { type: 'slow', asked: 2 },
    ];
    for (const event of late) expect(next(failed, event)).toBe(failed);
    // What was read before the failure does not come back beside the next question.
    expect(next(failed, { type: 'asked', question }).before).toBeNull();
  });

  test('has failed where the picture cannot be made, though the label is there', () => {
    const lab = fold(asked, { type: 'reading', asked: 1, reading: fooled }, { type: 'failed', asked: 1, failure });
    expect(lab).toMatchObject({ phase: 'failed', reading: null });
  });
});

describe('what the lab says', () => {
  test('calls a photograph as it is only what is read without the pattern', () => {
    const clean = { ...fooled, perturbed: fooled.clean };
    expect(verdictOf(clean, 0)).toEqual(['this is the photograph as it is']);
    expect(verdictOf(clean, 1)).toEqual(['not fooled: the label is that of the photograph']);
    expect(verdictOf(fooled, 1)).toContainEqual({ fooled: 'fooled' });
    // While nothing is known it says nothing of the kind.
    expect(saidOf(asked, { model: 'One' })).toBe('');
    expect(saidOf(answered, { model: 'One' })).toBe('One reads dog, 50 percent, fooled: the photograph alone is cat.');
  });

  test('of a network that says "tampered with" is that it sees through, and never that it is fooled', () => {
    const tampered = prediction('non-natural or tampered with', 1000);
    const seen: Reading = { ...fooled, perturbed: [tampered, prediction('dog', 2)] };
    expect(isFooled(seen)).toBe(false);
    expect(verdictOf(seen, 1)).toEqual([{ mark: 'seen through' }, ': it notices the pattern']);
    // A false alarm on the photo hides neither way what the network reads beside it.
    const alarmed = { ...fooled, clean: [tampered, prediction('cat', 1)] };
    expect(isFooled(alarmed)).toBe(true);
    expect(isFooled({ ...alarmed, perturbed: fooled.clean })).toBe(false);
  });

  test('speaks of loading only while something is loading', () => {
    expect(progressText({ loaded: 1_500_000, total: 3_000_000 })).toBe('Loading into this browser: 1.5 of 3.0 MB');
    expect(progressText({ loaded: 3_000_000, total: 3_000_000 })).toBe('');
    expect(progressText(null)).toBe('');
  });
});

describe('a failure', () => {
  test('is told in words, never as the browser puts it, with a way on', async () => {
    const raw = new TypeError('Failed to fetch');
    for (const stage of ['photo', 'pattern', 'network', 'edge', 'release'] as const) {
      const error = await during(stage, Promise.reject(raw)).catch((reason: unknown) => reason);
      const { says, ways } = failureOf(error, question);
      expect(says).toMatch(/^The [a-z ]+ could not be [a-z ]+\.$/);
      expect(ways.length).toBeGreaterThan(0);
    }
    expect(failureOf(raw, question).says).not.toContain('fetch');
  });

  test('leads from the edge to this browser, from this browser to the edge, from a bad file to another', () => {
    expect(failureOf(new LabError('edge', 'Too busy.'), question)).toEqual({
      says: 'Too busy.',
      ways: ['again', 'browser'],
    });
    expect(failureOf(new LabError('network'), question).ways).toEqual(['again', 'edge']);
    // Nobody else has the visitor's network.
    expect(failureOf(new LabError('network'), { ...question, model: 'own.0123abcd' }).ways).toEqual(['again']);
    expect(failureOf(new LabError('photo'), { ...question, photo: 'own.3' }).ways).toEqual(['another']);
    expect(failureOf(new LabError('photo'), question).ways).toEqual(['again']);
  });
});

describe('the history', () => {
  test('has one entry for a control that is moved with the arrow keys', () => {
    const entries = new Entries();
    const made = ['model', 'model', 'model'].map((control) => entries.kindOf(control, true));
    expect(made).toEqual(['push', 'replace', 'replace']);
    expect(entries.kindOf('perturbation', true)).toBe('push');
    expect(entries.kindOf('model', true)).toBe('push');
    entries.left();
    expect(entries.kindOf('model', true)).toBe('push');
  });

  test('has an entry for every choice by pointer', () => {
    const entries = new Entries();
    expect(['photo', 'photo'].map((control) => entries.kindOf(control, false))).toEqual(['push', 'push']);
    expect(entries.kindOf('photo', true)).toBe('push');
  });
});

describe('the conductor', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Numbers from a seed: the same changes and delays in every run. */
  function drawn(seed: number) {
    let state = seed;
    return (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  }
  const text = (of: LabState) => JSON.stringify(of);
  /** Sources that name the question in what they answer, late, and now and then fail. */
  function slowSources(draw: (below: number) => number, longest: number): Sources {
    const late = <T>(value: T) =>
      new Promise<T>((resolve, reject) =>
        setTimeout(() => (draw(8) === 0 ? reject(new TypeError('Failed to fetch')) : resolve(value)), draw(longest)),
      );
    return {
      picture: (of) => late({ ...picture, clean: text(of) as never }),
      async reading(of, _signal, onProgress) {
        setTimeout(() => onProgress({ loaded: draw(100), total: 99 }), draw(2 * longest));
        return await late({ ...fooled, took: text(of) });
      },
      renew() {},
    };
  }

  test('never shows what is not the answer to the question on the screen, whatever changes how quickly', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const draw = drawn(seed);
      const ends: string[] = [];
      const shown: Lab[] = [];
      const conductor = new Conductor(question, slowSources(draw, 60), (lab) => shown.push(lab));
      let wanted = question;
      for (let change = 0; change < 60; change++) {
        wanted = {
          photo: `photo ${draw(3)}`,
          model: `model ${draw(3)}`,
          perturbation: `plate ${draw(2)}`,
          strength: draw(5) / 4,
          where: (['release', 'browser', 'edge'] as const)[draw(3)],
        };
        if (draw(10) === 0) conductor.again();
        else conductor.ask(wanted);
        expect(conductor.lab.phase).toBe('waiting');
        await vi.advanceTimersByTimeAsync(draw(50));
      }
      conductor.ask(wanted);
      await vi.advanceTimersByTimeAsync(500);
      for (const { phase, question: of, picture: drawing, reading, before, failure: why } of shown) {
        if (drawing) expect(drawing.clean).toBe(text(of));
        if (reading) expect(reading.took).toBe(text(of));
        if (before) expect(before.reading.took).toBe(text(before.question));
        expect(why !== null).toBe(phase === 'failed');
        if (phase === 'answered') ends.push(text(of));
        else if (phase === 'failed') expect([reading, before]).toEqual([null, null]);
      }
      const last = shown.at(-1)!;
      expect(last.question).toEqual(wanted);
      expect(['answered', 'failed']).toContain(last.phase);
      expect(ends.length).toBeGreaterThan(3);
    }
  });

  test('offers another way where nothing comes for long, and waits on', async () => {
    const never = new Promise<never>(() => {});
    const sources: Sources = { picture: () => never, reading: () => never, renew() {} };
    const conductor = new Conductor(question, sources, () => {});
    conductor.ask(question);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(conductor.lab.isSlow).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(conductor.lab).toMatchObject({ phase: 'waiting', isSlow: true });
    conductor.stop();
  });

  test('asks anew after a failure, once the sources have forgotten it', async () => {
    const calls: string[] = [];
    let isBlocked = true;
    const sources: Sources = {
      picture: async () => picture,
      reading: async () => {
        calls.push('read');
        if (isBlocked) throw new LabError('network');
        return fooled;
      },
      renew: () => {
        calls.push('renew');
        isBlocked = false;
      },
    };
    const conductor = new Conductor(question, sources, () => {});
    conductor.ask(question);
    await vi.advanceTimersByTimeAsync(1);
    expect(conductor.lab.failure?.says).toBe('The network could not be started in this browser.');
    conductor.again();
    await vi.advanceTimersByTimeAsync(1);
    expect(conductor.lab).toMatchObject({ phase: 'answered', reading: fooled });
    expect(calls).toEqual(['read', 'renew', 'read']);
  });
});
