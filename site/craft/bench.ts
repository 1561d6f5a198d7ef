/** What is on the screen of a craft that runs or ran; nothing in here decides anything. */
import { drawCurve } from './curve.ts';
import { named, tell } from './dom.ts';
import { drawPattern, sideFor } from './draw.ts';
import { type Craft, isCrafting } from './machine.ts';
import type { CraftOrder } from './protocol.ts';
import { Tiles } from './tiles.ts';
import { brokeText, doingText, intervalText, ofText, orderText, paceTexts, shareDone, skippedText } from './words.ts';

/** Pixels of the pattern's side, about. */
const SIDE = 448;

export class Bench {
  readonly #root: HTMLElement;
  readonly #tiles: Tiles;
  readonly #drawn: { v: unknown; seen: unknown; curve: unknown; looks: unknown } = {
    ...{ v: null, seen: null, curve: null, looks: null },
  };
  #frame = 0;

  /** @param showsOf What a photo shows, by its file's name. */
  constructor(root: HTMLElement, showsOf: (name: string) => string) {
    this.#root = root;
    this.#tiles = new Tiles(named(root, 'tiles'), showsOf);
  }

  show(craft: Craft, before: Craft): void {
    const { phase, order, began } = craft;
    this.#root.hidden = phase === 'idle';
    if (!order || phase === 'idle') return;
    if (order !== before.order) this.#begin(order);
    if (began && began !== before.began) {
      this.#tiles.begin(began.shown, order.canvas);
      this.#drawn.seen = null;
      tell(this.#root, 'split', splitText(began));
      tell(this.#root, 'skipped', skippedText(began.skipped));
    }
    this.#headline(craft);
    tell(this.#root, 'doing', doingText(craft));
    tell(this.#root, 'pace', paceTexts(craft).join(' \u00b7 '));
    tell(this.#root, 'broke', brokeText(craft));
    this.#progress(craft);
    this.#buttons(craft);
    // What is on the screen need not be drawn more often than the screen is.
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw(craft, order));
  }

  #begin(order: CraftOrder) {
    tell(this.#root, 'order', orderText(order));
    named(this.#root, 'growing').style.setProperty('--side', `${sideFor(order.canvas, SIDE)}px`);
    const canvas = named<HTMLCanvasElement>(this.#root, 'pattern');
    Object.assign(canvas, { width: order.canvas, height: order.canvas });
    for (const name of ['split', 'skipped']) tell(this.#root, name, '');
    named(this.#root, 'tiles').hidden = true;
    named(this.#root, 'plot').hidden = true;
  }

  /** How many photos are misread: of those that are looked at now and then, and in the end of all that are held out. */
  #headline({ looks, measured, began, phase }: Craft) {
    const [own] = measured;
    const share = own?.fooling ?? looks.at(-1)?.heldOut;
    tell(this.#root, 'fooled', share ? ofText(share) : '');
    const what = own || phase !== 'running' ? 'photographs misread' : 'misread';
    const before = phase === 'failed' ? 'It broke off' : began ? 'The pattern begins to grow' : 'It is made ready';
    tell(this.#root, 'fooled-of', share ? what : before);
    tell(
      this.#root,
      'interval',
      own
        ? `95 % interval ${intervalText(own.fooling)}; noise of the same bound: ${ofText(own.noise)}`
        : share
          ? 'of the photographs held out that are looked at now and then'
          : '\u00a0',
    );
  }

  #progress(craft: Craft) {
    const bar = named<HTMLProgressElement>(this.#root, 'progress');
    bar.hidden = craft.phase !== 'running';
    const share = shareDone(craft);
    if (share === null) bar.removeAttribute('value');
    else bar.value = share;
  }

  #buttons(craft: Craft) {
    const { phase, wish, result, failure } = craft;
    const running = phase === 'running';
    const show = (name: string, isShown: boolean, text?: string) => {
      const button = named<HTMLButtonElement>(this.#root, name);
      button.hidden = !isShown;
      if (text && button.textContent !== text) button.textContent = text;
    };
    const hasFocus = this.#root.contains(document.activeElement) && document.activeElement?.tagName === 'BUTTON';
    show('hold', isCrafting(craft) && wish !== 'stop', wish === 'pause' ? 'Go on' : 'Pause');
    show(
      'stop',
      running && wish !== 'stop',
      result ? 'Skip the rest' : craft.progress ? 'Stop and keep this' : 'Cancel',
    );
    show('again', phase === 'failed', craft.checkpoint ? 'Go on from where it was' : 'Try again');
    show('change', !running);
    tell(this.#root, 'failure', phase === 'failed' ? (failure ?? '') : '');
    named(this.#root, 'failure').hidden = phase !== 'failed';
    // A button that is gone takes the focus with it.
    if (hasFocus && !(document.activeElement as HTMLElement | null)?.checkVisibility())
      named(this.#root, 'title').focus();
  }

  #draw(craft: Craft, order: CraftOrder) {
    const { v, seen, curve, looks, began } = craft;
    const drawn = this.#drawn;
    named(this.#root, 'tiles').hidden = !began;
    if (v && v !== drawn.v) {
      drawPattern(named<HTMLCanvasElement>(this.#root, 'pattern'), v, order.canvas);
      drawn.v = v;
    }
    if (seen && seen !== drawn.seen) {
      this.#tiles.show(craft);
      drawn.seen = seen;
    }
    const hasCurve = curve.length > 0 || looks.length > 0;
    named(this.#root, 'plot').hidden = !hasCurve;
    if (hasCurve && (curve !== drawn.curve || looks !== drawn.looks)) {
      drawCurve(named<SVGSVGElement>(this.#root, 'curve'), craft);
      Object.assign(drawn, { curve, looks });
    }
  }
}

const splitText = ({ crafting, heldOut }: { crafting: number; heldOut: number }) =>
  `${crafting} craft, ${heldOut} are held out.`;
