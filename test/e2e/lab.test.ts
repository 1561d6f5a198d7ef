/** The lab in a real browser: what it answers, and that it never answers but the question on the screen. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Example, type Manifest, perturbationRecord, photoId } from '#shared/release';
import { type BuiltSite, buildSite, tooWide } from '../support/built-site.ts';
import { parityPhotos } from '../support/images.ts';
import { answered } from '../support/lab.ts';
import { readKey, TEST_RELEASE, testManifest } from '../support/release.ts';

let site: BuiltSite;
let release: Manifest;
let examples: (Example & { perturbation: string })[];

beforeAll(async () => {
  release = await testManifest();
  const records = await Promise.all(
    release.perturbations.map(async ({ record }) =>
      perturbationRecord.parse(JSON.parse((await readKey(record)).toString())),
    ),
  );
  examples = records.flatMap((record) => record.examples.map((example) => ({ ...example, perturbation: record.id })));
  site = await buildSite();
}, 180_000);

afterAll(() => site?.close());

/** Without the slider's own way to 1, unless a test is about that. */
const open: BuiltSite['open'] = (path, options, said) => site.open(path, { reducedMotion: 'reduce', ...options }, said);
const close = (page: Page) => page.context().close();

const phase = (page: Page) => page.locator('atlas-lab').getAttribute('data-phase');
const failed = async (page: Page) => {
  await expect.poll(() => phase(page), { timeout: 30_000 }).toBe('failed');
  return (await page.locator('[data-cause]').textContent()) ?? '';
};
const pixelsOf = (page: Page, name: 'clean' | 'perturbed' = 'perturbed') =>
  page
    .locator(`canvas[data-${name}]`)
    .evaluate((canvas) => [
      ...(canvas as HTMLCanvasElement)
        .getContext('2d')!
        .getImageData(0, 0, (canvas as HTMLCanvasElement).width, (canvas as HTMLCanvasElement).height).data,
    ]);

/** An example that is fooled, of the model that its perturbation was crafted on. */
const fooledExample = () => {
  const own = examples.find((example) => example.fooled && example.perturbation.startsWith(`${example.target}.`));
  if (!own) throw new Error('The test release has no example of a fooled network.');
  return own;
};
const addressOf = ({ photo, target, perturbation }: Example & { perturbation: string }, more = {}) =>
  `/?${new URLSearchParams({ photo: photoId(photo), model: target, perturbation, ...more })}`;

describe('the lab', () => {
  test('breaks the label in the browser when the slider is moved, and tells what the record tells', async () => {
    const example = fooledExample();
    const page = await open(addressOf(example, { strength: '0', where: 'browser' }));
    expect(await answered(page, { strength: 0, by: 'browser' })).toBe(example.clean.label);
    const slider = page.locator('#strength');
    await slider.focus();
    for (let step = 0; step < 40 && (await slider.inputValue()) !== '1'; step++) await slider.press('ArrowRight');
    expect(await answered(page, { strength: 1, by: 'browser' })).toBe(example.perturbed.label);
    expect(await page.locator('[data-verdict]').textContent()).toContain('fooled');
    await close(page);
  });

  test('breaks the same label at the edge, and shows how long it took', async () => {
    const example = fooledExample();
    const page = await open(addressOf(example, { strength: '0', where: 'edge' }));
    expect(await answered(page, { strength: 0, by: 'edge' })).toBe(example.clean.label);
    await page.locator('[data-preset="1"]').click();
    expect(await answered(page, { strength: 1, by: 'edge' })).toBe(example.perturbed.label);
    expect(await page.locator('[data-took]').textContent()).toMatch(/At the edge: \d+ ms there and back/);
    await close(page);
  });

  test('reads in the browser every example as batch has read it', async () => {
    const page = await open('/?where=browser&strength=1');
    const different: string[] = [];
    expect(examples.length).toBeGreaterThanOrEqual(8);
    for (const example of examples) {
      await page.evaluate(
        (address) => {
          history.pushState(null, '', address);
          dispatchEvent(new PopStateEvent('popstate'));
        },
        addressOf(example, { where: 'browser', strength: '1' }),
      );
      const { photo, target: model, perturbation, clean, perturbed } = example;
      const asked = { photo: photoId(photo), model, perturbation, strength: 1, by: 'browser' };
      const label = await answered(page, asked);
      const before = (await page.locator('[data-clean-label]').textContent()) ?? '';
      if (label !== perturbed.label || !before.startsWith(clean.label))
        different.push(`${photo} on ${model}: ${before} -> ${label}`);
    }
    expect(different).toEqual([]);
    await close(page);
  });

  test('answers from the release before any network is there, at every stop of the slider', async () => {
    const page = await open('/transfer/');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    // Where data are dear, none is loaded ahead of time either.
    await page.addInitScript(() => Object.defineProperty(navigator, 'connection', { value: { saveData: true } }));
    await page.goto(`${site.worker.url}/?strength=0`);
    const slider = page.locator('#strength');
    const first = await answered(page, { strength: 0, by: 'release' });
    expect(await page.locator('.top li').count()).toBe(5);
    await slider.focus();
    for (let stop = 1; stop <= 8; stop++) {
      await slider.press('ArrowRight');
      await answered(page, { strength: stop / 4, by: 'release' });
      expect(await page.locator('.top li').count()).toBe(5);
    }
    expect(await page.locator('[data-label]').textContent()).not.toBe(first);
    expect(asked.filter((path) => /\.(wasm|onnx|npy)$/.test(path))).toEqual([]);
    // Between the stops nothing was measured: a network is loaded.
    await page.goto(`${site.worker.url}/?strength=0.6`);
    await answered(page, { strength: 0.6, by: 'browser' });
    expect(asked.filter((path) => path.endsWith('.onnx'))).toHaveLength(1);
    await close(page);
  });

  test('loads the network once the visitor has touched it and rests, and then goes between the stops', async () => {
    const page = await open('/transfer/');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${site.worker.url}/?strength=0`);
    await answered(page, { by: 'release' });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(asked.filter((path) => /\.(wasm|onnx|npy)$/.test(path))).toEqual([]);
    const slider = page.locator('#strength');
    expect(await slider.getAttribute('step')).toBe('0.25');
    await page.locator('[data-preset="0.5"]').click();
    await answered(page, { strength: 0.5, by: 'release' });
    await expect.poll(() => slider.getAttribute('step'), { timeout: 20_000 }).toBe('0.05');
    const networks = () => asked.filter((path) => path.endsWith('.onnx'));
    expect(networks()).toHaveLength(1);
    const before = asked.length;
    await slider.press('ArrowRight');
    await answered(page, { strength: 0.55, by: 'browser' });
    expect(asked.slice(before)).toEqual([]);
    // What was measured is still told as it was measured.
    await page.locator('[data-preset="1"]').click();
    await answered(page, { strength: 1, by: 'release' });
    await close(page);
  });

  test('reads in this browser what the release says of its photographs, and draws the same picture', async () => {
    const page = await open('/?strength=1');
    const photos = await page
      .locator('input[name=photo]')
      .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value));
    expect(photos.length).toBeGreaterThanOrEqual(8);
    for (const photo of photos.slice(0, 4)) {
      await page.locator(`input[name=photo][value="${photo}"]`).check({ force: true });
      await page.locator('input[name=where][value=release]').check({ force: true });
      const label = await answered(page, { photo, by: 'release' });
      const drawn = await pixelsOf(page);
      await page.locator('input[name=where][value=browser]').check({ force: true });
      expect(await answered(page, { photo, by: 'browser' })).toBe(label);
      const exact = await pixelsOf(page);
      const differences = exact.map((value, i) => Math.abs(value - drawn[i]));
      expect(differences.reduce((largest, one) => Math.max(largest, one), 0)).toBeLessThanOrEqual(1);
    }
    await close(page);
  });

  test('begins with the slider on its way from nothing to the whole pattern, and stays where a visitor stops it', async () => {
    const page = await open('/', { reducedMotion: 'no-preference' });
    const seen = await page.evaluate(async () => {
      const slider = document.querySelector<HTMLInputElement>('#strength')!;
      const seen: string[] = [];
      for (let i = 0; i < 100 && seen.at(-1) !== '1'; i++) {
        if (seen.at(-1) !== slider.value) seen.push(slider.value);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return seen;
    });
    expect(seen).toEqual(['0', '0.25', '0.5', '0.75', '1']);
    await answered(page, { strength: 1 });
    await expect.poll(() => new URL(page.url()).search).toBe('');
    await close(page);
  });

  test('shows the photograph alone as long as the picture is pressed, or Space on it', async () => {
    const example = fooledExample();
    const page = await open(addressOf(example, { strength: '1' }));
    await answered(page);
    const label = page.locator('[data-label]');
    const perturbed = page.locator('canvas[data-perturbed]');
    const frame = page.locator('[data-frame]');
    await frame.hover();
    await page.mouse.down();
    expect(await label.textContent()).toBe(example.clean.label);
    expect(await perturbed.isVisible()).toBe(false);
    await page.mouse.up();
    expect(await label.textContent()).toBe(example.perturbed.label);
    await frame.focus();
    await page.keyboard.down(' ');
    expect(await label.textContent()).toBe(example.clean.label);
    await page.keyboard.up(' ');
    expect(await label.textContent()).toBe(example.perturbed.label);
    expect(await perturbed.isVisible()).toBe(true);
    await close(page);
  });

  test('has its label, picture, slider and photographs on the first screen of a phone', async () => {
    const page = await open('/', { viewport: { width: 412, height: 800 } });
    await answered(page);
    for (const selector of ['h1', '[data-label]', '[data-frame]', '#strength', '.strip']) {
      const box = (await page.locator(`atlas-lab ${selector}`).boundingBox())!;
      expect(box.y + box.height, selector).toBeLessThanOrEqual(800);
    }
    const fold = page.getByRole('button', { name: 'Network and pattern' });
    expect(await page.locator('select[name=model]').isVisible()).toBe(false);
    await fold.click();
    expect(await page.locator('select[name=model]').isVisible()).toBe(true);
    await close(page);
  });

  test('fits screens from 320 to 1920 pixels', async () => {
    const page = await open('/?strength=1');
    await answered(page);
    await page.getByRole('button', { name: 'What every network reads' }).click();
    expect(await tooWide(page)).toEqual([]);
    await close(page);
  });

  // That the Worker reads them as batch does is test/workers/parity.test.ts.
  test('reads 20 photographs on every network of the edge as the Worker reads them', async () => {
    const photos = await parityPhotos();
    const page = await open('/?strength=1');
    await answered(page, { strength: 1 });
    const different: string[] = [];
    let brought = 0;
    for (const { card } of release.models.filter(({ edge }) => edge)) {
      await page.locator('select[name=model]').selectOption(card.id);
      const perturbation = release.perturbations[0].id;
      await page.locator('select[name=perturbation]').selectOption(perturbation);
      await answered(page, { model: card.id, perturbation });
      for (const { name, bytes } of photos) {
        await page
          .locator('input[type=file]')
          .first()
          .setInputFiles({ name, mimeType: 'image/jpeg', buffer: Buffer.from(bytes) });
        const photo = `own.${++brought}`;
        const label = await answered(page, { photo, model: card.id, perturbation, strength: 1, by: 'browser' });
        const before = (await page.locator('[data-clean-label]').textContent()) ?? '';
        const query = new URLSearchParams({ model: card.id, perturbation, top: '1' });
        const response = await fetch(`${site.worker.url}/api/v1/classify?${query}`, { method: 'POST', body: bytes });
        const edge = (await response.json()) as Record<'clean' | 'perturbed', { label: string }[]>;
        if (label !== edge.perturbed[0].label || !before.startsWith(edge.clean[0].label))
          different.push(`${name} on ${card.id}: browser ${before} -> ${label}, ${JSON.stringify(edge)}`);
      }
    }
    expect(different).toEqual([]);
    await close(page);
  }, 240_000);

  test('reads a photograph that the visitor brings', async () => {
    const page = await open('/');
    const [photo] = release.photos;
    await page.locator('input[type=file]').first().setInputFiles(join(TEST_RELEASE, photo.key));
    expect(await answered(page, { photo: 'own.1', by: 'browser' })).not.toBe('');
    expect(await page.locator('[data-credit]').textContent()).toContain('Your photograph');
    await close(page);
  });
});

describe('the address of the lab', () => {
  test('keeps every choice, so that the back button undoes it', async () => {
    const page = await open('/');
    const start = await page.locator('input[name=photo]:checked').getAttribute('value');
    const other = page.locator('input[name=photo]:not(:checked)').first();
    const chosen = await other.getAttribute('value');
    await other.check({ force: true });
    await expect.poll(() => new URL(page.url()).searchParams.get('photo')).toBe(chosen);
    await page.goBack();
    await expect.poll(() => page.locator('input[name=photo]:checked').getAttribute('value')).toBe(start);
    await close(page);
  });

  test('has one entry for a select that is moved with the arrow keys', async () => {
    const page = await open('/');
    const select = page.locator('select[name=model]');
    const first = await select.inputValue();
    const entries = await page.evaluate(() => history.length);
    await select.focus();
    await select.press('ArrowDown');
    await select.press('ArrowDown');
    expect(await select.inputValue()).not.toBe(first);
    expect(await page.evaluate(() => history.length)).toBe(entries + 1);
    await page.goBack();
    await expect.poll(() => select.inputValue()).toBe(first);
    await close(page);
  });

  test('of a strength beyond the slider is mended', async () => {
    const page = await open('/?strength=99');
    await expect.poll(() => new URL(page.url()).searchParams.get('strength')).toBe('2');
    expect(await page.locator('#strength').inputValue()).toBe('2');
    await close(page);
  });
});

describe('an answer that is not there', () => {
  test('is never the one to another question: that of the network before is dimmed and named', async () => {
    const page = await open(addressOf(fooledExample(), { strength: '1', where: 'browser' }));
    await answered(page);
    const other = release.models.find(({ card, edge }) => edge && card.id !== fooledExample().target)!;
    let letGo: () => void = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await page.route(`**/${other.key}`, async (route) => {
      await held;
      await route.continue();
    });
    await page.locator('select[name=model]').selectOption(other.card.id);
    await expect.poll(() => phase(page)).toBe('waiting');
    expect(await page.locator('[data-reader]').textContent()).toBe(`${other.card.title} is asked`);
    const [own] = release.models.filter(({ card }) => card.id === fooledExample().target);
    expect(await page.locator('[data-verdict]').textContent()).toContain(`that was ${own.card.title}`);
    const opacity = await page.locator('.live .label').evaluate((label) => Number(getComputedStyle(label).opacity));
    expect(opacity).toBeLessThan(0.5);
    letGo();
    await answered(page, { model: other.card.id });
    expect(await page.locator('[data-verdict]').textContent()).not.toContain('that was');
    await close(page);
  });

  test('leaves nothing of the photograph before, where a file is no picture', async () => {
    const page = await open('/');
    await answered(page);
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('not a picture') });
    expect(await failed(page)).toMatch(/picture|photograph/);
    expect((await page.locator('[data-label]').textContent())?.trim()).toBe('');
    expect(await page.locator('canvas[data-painted]').count()).toBe(0);
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose another photograph' }).click();
    await (await chooser).setFiles(join(TEST_RELEASE, release.photos[0].key));
    expect(await answered(page, { photo: 'own.2' })).not.toBe('');
    await close(page);
  });

  test.each([
    ['the runtime', '**/ort-wasm*.wasm'],
    ['the network', '**/models/*.onnx'],
    ['the script of the thread', '**/worker-*.js'],
  ])('is told where %s is blocked, and comes from the edge, or once it is not', async (_what, blocked) => {
    const said: string[] = [];
    const page = await open('/?strength=1', {}, said);
    const label = await answered(page, { by: 'release' });
    await page.route(blocked, (route) => route.abort());
    await page.goto(`${site.worker.url}/?strength=1&where=browser`);
    expect(await failed(page)).toBe('The network could not be started in this browser.');
    expect(await page.locator('[data-took]').textContent()).toBe('');
    // Whatever else comes of downloads, it stays told.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await phase(page)).toBe('failed');
    await page.getByRole('button', { name: 'Ask the edge' }).click();
    expect(await answered(page, { by: 'edge' })).toBe(label);
    await page.goBack();
    await failed(page);
    await page.unroute(blocked);
    await page.getByRole('button', { name: 'Try again' }).click();
    expect(await answered(page, { by: 'browser' })).toBe(label);
    await close(page);
  });

  test('is told in words where the edge cannot be reached, and comes from this browser', async () => {
    const page = await open(addressOf(fooledExample(), { strength: '1', where: 'edge' }), {}, []);
    await answered(page);
    await page.route('**/api/v1/**', (route) => route.abort());
    await page.locator('[data-preset="0"]').click();
    expect(await failed(page)).toBe('The edge could not be reached.');
    await page.getByRole('button', { name: 'Use this browser' }).click();
    expect(await answered(page, { by: 'browser', strength: 0 })).toBe(fooledExample().clean.label);
    await close(page);
  });

  test('is the example of the release, where the script is blocked', async () => {
    const page = await site.browser.newPage();
    await page.route('**/_astro/*.js', (route) => route.abort());
    await page.goto(site.worker.url);
    await expect.poll(() => page.locator('.still').isVisible()).toBe(true);
    expect(await page.locator('.live').isVisible()).toBe(false);
    expect(await page.locator('.still').textContent()).toContain('fooled');
    await page.close();
  });

  test('is no verdict beside a picture that is not perturbed, where the decoders are blocked', async () => {
    const page = await open('/', {}, []);
    await page.route('**/*{dec,png_bg}*.wasm', (route) => route.abort());
    // A photo of the strip needs no decoder of ours.
    await page.goto(`${site.worker.url}/?strength=1`);
    await answered(page, { by: 'release' });
    expect(await page.locator('.live .verdict').textContent()).toContain('fooled');
    expect(await pixelsOf(page)).not.toEqual(await pixelsOf(page, 'clean'));
    // Another one does.
    await page.locator('input[type=file]').first().setInputFiles(join(TEST_RELEASE, release.photos[0].key));
    expect(await failed(page)).toBe('The photograph could not be loaded.');
    expect(await page.locator('canvas[data-painted]').count()).toBe(0);
    await close(page);
  });

  test('is never that to another question, whatever is changed how quickly', async () => {
    const page = await open('/?where=browser');
    await answered(page);
    await page.route('**/*.{onnx,npy,jpg,png,json}', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
      await route.continue();
    });
    const wrong = await page.evaluate(async () => {
      const lab = document.querySelector<HTMLElement>('atlas-lab')!;
      const wrong: string[] = [];
      type Control = Element & { value: string; checked: boolean; options: { value: string }[] };
      const all = (selector: string) => [...lab.querySelectorAll(selector)] as unknown as Control[];
      const settingOf = (selector: string) => all(selector)[0]?.value;
      const check = () => {
        if (lab.dataset.phase !== 'answered') return;
        const { photo, model, perturbation, strength, where } = JSON.parse(lab.dataset.answered ?? '{}');
        const shown = {
          photo: settingOf('input[name=photo]:checked'),
          model: settingOf('select[name=model]'),
          perturbation: settingOf('select[name=perturbation]'),
          strength: Number(settingOf('input[name=strength]')),
          where: settingOf('input[name=where]:checked'),
        };
        const answer = JSON.stringify({ photo, model, perturbation, strength, where });
        const stale = lab.querySelector('[data-verdict]')!.textContent!.includes('that was');
        if (JSON.stringify(shown) !== answer || stale) wrong.push(`${JSON.stringify(shown)} ${answer}`);
      };
      new MutationObserver(check).observe(lab, { attributes: true, childList: true, subtree: true });
      const one = <T>(list: T[]) => list[Math.floor(Math.random() * list.length)];
      for (let change = 0; change < 80; change++) {
        const name = one(['photo', 'model', 'perturbation', 'strength', 'where']);
        const control = one(all(`[name=${name}]`));
        if (name === 'photo' || name === 'where') control.checked = true;
        else control.value = name === 'strength' ? String(one([0, 0.5, 1, 2])) : one([...control.options]).value;
        control.dispatchEvent(new Event('input', { bubbles: true }));
        check();
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
      }
      return wrong;
    });
    expect(wrong).toEqual([]);
    await answered(page);
    await close(page);
  }, 120_000);

  test('is spoken once, when it is there', async () => {
    const page = await open('/?where=edge');
    await answered(page);
    await expect.poll(() => page.locator('atlas-lab [data-said]').textContent()).not.toBe('');
    await page.evaluate(() => {
      const said = document.querySelector<HTMLElement>('atlas-lab [data-said]')!;
      const counted = window as unknown as { spoken: string[] };
      counted.spoken = [];
      new MutationObserver(() => counted.spoken.push(said.textContent!)).observe(said, { childList: true });
    });
    const spoken = () => page.evaluate(() => (window as unknown as { spoken: string[] }).spoken);
    // All of the network and the runtime is loaded meanwhile.
    await page.locator('input[name=where][value=browser]').check({ force: true });
    await answered(page, { by: 'browser' });
    await expect.poll(spoken).toHaveLength(1);
    await page.locator('[data-preset="2"]').click();
    await answered(page, { by: 'browser', strength: 2 });
    await expect.poll(spoken).toHaveLength(2);
    expect((await spoken())[1]).toMatch(/ reads .*percent/);
    await close(page);
  });
});

test('none of these pages made a complaint in the console', () => {
  expect(site.complaints).toEqual([]);
});
