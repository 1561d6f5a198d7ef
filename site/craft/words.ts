/** What the page says of a craft, as text: no DOM in here. */
import type { Norm, Share } from '#shared/release';
import type { Scale } from '../charts/kinds.ts';
import { percent } from '../lab/words.ts';
import { type Craft, isCrafting, MOST_RESTARTS } from './machine.ts';
import type { CraftMeasured, CraftOrder, Doing } from './protocol.ts';

export const count = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 0 });
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
const plural = (value: number, one: string, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** "l-inf 10" */
export const boundText = ({ norm, epsilon }: { norm: Norm; epsilon: number }) => `l-${norm} ${epsilon}`;

/** The craft in one line. */
export function orderText({ network, attack, norm, epsilon, seed, budget, photos, synthetic }: CraftOrder): string {
  const on =
    synthetic === null
      ? plural(photos.length, 'photograph')
      : plural(synthetic, 'picture from the seed', 'pictures from the seed');
  return `${attack} on ${network.title}, ${boundText({ norm, epsilon })}, ${on}, seed ${seed}, ${plural(budget.gradients ?? 0, 'gradient')}`;
}

const at: Record<Doing, string> = {
  runtime: 'Loading the runtime',
  network: 'Loading the network',
  photos: 'Reading the photographs',
  clean: 'Asking the network about the photographs as they are',
  graph: 'Writing the backward pass into the network',
  craft: 'Crafting',
  look: 'Looking at photographs that are held out',
  measure: 'Measuring on all photographs that are held out, and noise beside it',
  others: 'Trying it on the other networks',
};

/** The stage alone. */
export function stageText(craft: Craft): string {
  const { phase, wish, doing } = craft;
  if (phase === 'failed') return 'It broke off';
  if (phase === 'done') return craft.result?.stopped ? 'Ended by hand' : 'Done';
  if (wish === 'pause') return 'Paused';
  if (wish === 'stop') return craft.result ? 'Ending' : 'Ending after this step';
  return doing ? at[doing.what] : 'Starting';
}

/** The stage, and how far it is. */
export function doingText(craft: Craft): string {
  const { doing, phase, wish } = craft;
  const stage = stageText(craft);
  if (phase !== 'running' || wish !== 'goOn' || !doing) return stage;
  const { what, done, total } = doing;
  if (what === 'runtime' || what === 'network')
    return total > 1 ? `${stage}: ${megabytes(done)} of ${megabytes(total)} MB` : stage;
  if (what === 'photos' || what === 'clean') return total > 1 ? `${stage}: ${done} of ${total}` : stage;
  if (what === 'others') return `${stage}: ${Math.min(Math.floor(done) + 1, total)} of ${total}`;
  return stage;
}

/** "gradient 312 of 500", "6.1 a second", "31 s left": what is known of the pace. */
export function paceTexts(craft: Craft): string[] {
  const { progress, result } = craft;
  if (!progress) return [];
  const { gradients, total, gradientsPerSecond: rate, secondsLeft } = progress;
  const texts = [`${count(gradients)} of ${count(Math.max(total, gradients))} gradients`];
  if (result) return texts;
  if (rate > 0) texts.push(`${rate < 10 ? rate.toFixed(1) : count(rate)} a second`);
  if (secondsLeft !== null && craft.wish === 'goOn') texts.push(`${durationText(secondsLeft)} left`);
  return texts;
}

/** "31 s", "2 min 5 s", "1 h 4 min" */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** "9 of 16" */
export const ofText = ({ fooled, photos }: Share) => `${count(fooled)} of ${count(photos)}`;

/** "76.6 to 93.3 %": a 95 % interval. */
export const intervalText = ({ low, high }: Share) => `${(low * 100).toFixed(1)} to ${percent(high)}`;

/** What was found, in a sentence or two. */
export function foundText({ measured, began, failure }: Craft, title: string): string {
  const [own, ...others] = measured;
  if (!own)
    return began?.heldOut === 0
      ? 'No photograph was held out, so nobody can say how it does on others.'
      : failure === null
        ? 'It was not measured on photographs that took no part.'
        : `It was not measured: ${failure}`;
  const { fooling, noise } = own;
  const first = `With this pattern ${title} misreads ${ofText(fooling)} photographs that took no part in crafting; noise of the same bound changes ${count(noise.fooled)}.`;
  const said = [
    first,
    isBeyond(own) ? '' : 'So small a difference may be chance: craft longer, or with a larger epsilon.',
  ];
  if (others.length > 0) said.push(carriedText(others.filter(isBeyond), others.length));
  return said.filter(Boolean).join(' ');
}

function carriedText(carried: readonly CraftMeasured[], of: number): string {
  const names = new Intl.ListFormat('en-GB').format(carried.map(({ title }) => title));
  if (carried.length > 0) return `It carries over to ${names}, which it misleads more than noise does.`;
  return of === 1
    ? 'The other network it misleads no more than noise does.'
    : `Of the ${of} other networks it misleads none more than noise does.`;
}

/** Whether a pattern fools more than noise does, photo by photo. */
export const isBeyond = ({ fooling, noise, p }: CraftMeasured) => fooling.ratio > noise.ratio && p < 0.05;

/** The curve in words. */
export function curveText({ looks, curve }: Pick<Craft, 'looks' | 'curve'>): string {
  const seen = looks.filter(({ heldOut }) => heldOut);
  const last = seen.at(-1);
  const line = curve.at(-1);
  const crafting = line ? ` Of the crafting pictures ${Math.round(100 * line.fooling)} percent by now.` : '';
  if (!last?.heldOut) return `Fooling against gradients.${crafting}`;
  const first = seen[0];
  const rise =
    first === last || !first.heldOut
      ? ''
      : `from ${ofText(first.heldOut)} after ${count(first.gradients)} gradients to `;
  return `Held-out photographs that are misread: ${rise}${ofText(last.heldOut)} after ${count(last.gradients)} (95 % interval ${intervalText(last.heldOut)}).${crafting}`;
}

/** Four or five round numbers from 0 on. */
export function ticksTo(total: number): Scale['ticks'] {
  const power = 10 ** Math.floor(Math.log10(total));
  const step = Math.max(
    1,
    [0.2, 0.25, 0.5, 1, 2].map((one) => one * power).find((one) => total / one <= 5) ?? 2 * power,
  );
  return Array.from({ length: Math.floor(total / step) + 1 }, (_, i) => ({ at: i * step, text: count(i * step) }));
}

/** What became of a worker that broke down; "" where none did. */
export function brokeText({ broke, restarts, phase }: Craft): string {
  if (!broke) return '';
  if (phase === 'failed') return `The runtime broke down ${MOST_RESTARTS + 1} times in a row.`;
  const from = broke.from > 0 ? `goes on from gradient ${count(broke.from)}` : 'begins again';
  const times = restarts > 1 ? ` (${restarts} times in a row)` : '';
  return `The runtime broke down at gradient ${count(broke.at)}${times} and was started anew; the craft ${from}.`;
}

/** Photos that are left out, and why the first of them is. */
export function skippedText(skipped: readonly { name: string; why: string }[]): string {
  if (skipped.length === 0) return '';
  const [{ name, why }] = skipped;
  const are =
    skipped.length === 1
      ? `One photograph is left out: ${name}.`
      : `${count(skipped.length)} photographs are left out; the first: ${name}.`;
  return `${are} ${why}`;
}

/** How far it is, 0 to 1; null where that cannot be told. */
export function shareDone({ doing, phase }: Craft): number | null {
  if (phase !== 'running' || !doing || doing.total <= 0) return null;
  return Math.min(1, doing.done / doing.total);
}

/** Between two sayings while it crafts. */
const CALM_MS = 10_000;
const CALM_SHARE = 0.1;

/** What is read out, at a pace that can be listened to: each stage as it begins, and crafting now and then. */
export class Announcer {
  #stage = '';
  #at = 0;
  #share = 0;

  /** @param now Milliseconds. @returns null where there is nothing to say. */
  next(craft: Craft, now: number): string | null {
    if (craft.phase === 'idle') return this.#said('', now, 0);
    const stage = `${craft.worker} ${stageText(craft)}`;
    const share = shareDone(craft) ?? 0;
    if (stage !== this.#stage) {
      this.#stage = stage;
      const lost = craft.doing === null && craft.phase === 'running' ? brokeText(craft) : '';
      return this.#said(lost || sayingOf(craft), now, share);
    }
    if (!isCrafting(craft) || craft.wish !== 'goOn') return null;
    const isDue = now - this.#at >= CALM_MS && share - this.#share >= CALM_SHARE;
    return isDue ? this.#said(sayingOf(craft), now, share) : null;
  }

  #said(text: string, now: number, share: number): string {
    this.#at = now;
    this.#share = share;
    return text;
  }
}

function sayingOf(craft: Craft): string {
  const { order, phase, looks, failure } = craft;
  if (phase === 'done') return foundText(craft, order?.network.title ?? 'the network');
  if (phase === 'failed') return failure ?? stageText(craft);
  const look = looks.at(-1)?.heldOut;
  const fooled = isCrafting(craft) && look ? ` ${ofText(look)} held-out photographs are misread.` : '';
  const share = shareDone(craft);
  const far = isCrafting(craft) && share ? `: ${Math.round(100 * share)} percent` : '';
  return `${stageText(craft)}${far}.${fooled}`;
}
