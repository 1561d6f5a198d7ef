/**
 * The camera as a mirror: what it sees, with the pattern on it, as the network in this browser reads it, a few times a
 * second. A picture and its reading are of one moment, and shown together. Nothing leaves the browser.
 */
import type { Fit } from '#shared/release';
import { LabError } from './failure.ts';
import type { Picture, Reading } from './machine.ts';
import type { Pixels } from './protocol.ts';
import type { LabState } from './state.ts';

/** Between two looks there are so many milliseconds at least: a label is there to be read. */
const PAUSE_MS = 200;

/** What the lab calls what the camera sees, in place of a photograph. */
export const CAMERA = 'camera';

export interface Seen {
  picture: Picture;
  reading: Reading;
}

const causes: Record<string, string> = {
  NotAllowedError: 'The camera was not allowed. Allow it for this site, or take a photograph.',
  NotFoundError: 'This device has no camera.',
  NotReadableError: 'The camera is in use elsewhere. Close what uses it, and try again.',
};

/** Why a camera gives no picture, in words. */
export const causeOf = (error: unknown): string =>
  error instanceof LabError
    ? error.message
    : (causes[(error as Error | undefined)?.name ?? ''] ?? 'The camera gives no picture in this browser.');

/**
 * The square of a picture that a canvas shows: about its centre, short side 224/256 of the picture's, or all of the
 * short side where the network takes pictures as they are.
 */
export function squareOf(width: number, height: number, fit: Fit): { left: number; top: number; side: number } {
  const side = Math.min(width, height) * (fit === 'exact' ? 1 : 224 / 256);
  return { left: (width - side) / 2, top: (height - side) / 2, side };
}

export class Mirror {
  readonly #button: HTMLElement;
  readonly #said: HTMLElement;
  readonly #of: { size: number; fit: Fit };
  readonly #see: (frame: Pixels, question: LabState, signal: AbortSignal) => Promise<Seen>;
  readonly #show: (seen: Seen, question: LabState) => void;
  #question: LabState | null = null;
  #running: AbortController | null = null;

  constructor(
    elements: { button: HTMLElement; said: HTMLElement },
    of: { size: number; fit: Fit },
    see: (frame: Pixels, question: LabState, signal: AbortSignal) => Promise<Seen>,
    show: (seen: Seen, question: LabState) => void,
  ) {
    this.#button = elements.button;
    this.#said = elements.said;
    this.#of = of;
    this.#see = see;
    this.#show = show;
    this.#button.hidden = !navigator.mediaDevices?.getUserMedia;
  }

  get isOn(): boolean {
    return this.#running !== null;
  }

  /** Goes on with another pattern, strength or network. */
  ask(question: LabState): void {
    this.#question = question;
  }

  /** Runs until it is stopped, or the camera fails; then `ended` is called. */
  async start(question: LabState, ended: () => void): Promise<void> {
    this.#question = question;
    const running = new AbortController();
    this.#running = running;
    const { signal } = running;
    this.#tell('Waiting for the camera…', true);
    let stream: MediaStream | null = null;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user' } });
      signal.throwIfAborted();
      const video = Object.assign(document.createElement('video'), {
        srcObject: stream,
        muted: true,
        playsInline: true,
      });
      await video.play();
      // One that is unplugged, or taken away, ends.
      stream.getVideoTracks()[0]?.addEventListener('ended', () => running.abort());
      // Nobody looks into a mirror that is behind something else.
      document.addEventListener('visibilitychange', () => document.hidden && running.abort(), { signal });
      this.#tell('The camera is on. What it sees stays in this browser, and is not kept.', true);
      await this.#look(video, signal);
    } catch (error) {
      if (!signal.aborted) this.#tell(causeOf(error), false);
    } finally {
      for (const track of stream?.getTracks() ?? []) track.stop();
      if (signal.aborted) this.#tell('', false);
      running.abort();
      if (this.#running === running) {
        this.#running = null;
        ended();
      }
    }
  }

  stop(): void {
    this.#running?.abort();
  }

  async #look(video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
    const { size, fit } = this.#of;
    const canvas = new OffscreenCanvas(size, size);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('The browser has no canvas.');
    context.imageSmoothingQuality = 'high';
    // As a mirror shows it.
    context.setTransform(-1, 0, 0, 1, size, 0);
    while (!signal.aborted) {
      const began = performance.now();
      const { left, top, side } = squareOf(video.videoWidth, video.videoHeight, fit);
      context.drawImage(video, left, top, side, side, 0, 0, size, size);
      const question = this.#question;
      if (!question) return;
      const frame = context.getImageData(0, 0, size, size).data as Pixels;
      const seen = await this.#see(frame, question, signal);
      // What was asked before the last change of a control is not shown.
      if (!signal.aborted && question === this.#question) this.#show(seen, question);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, PAUSE_MS - (performance.now() - began))));
    }
  }

  #tell(text: string, isOn: boolean) {
    this.#said.textContent = text;
    this.#button.textContent = isOn ? 'Stop the camera' : 'Live camera';
    this.#button.setAttribute('aria-pressed', String(isOn));
  }
}
