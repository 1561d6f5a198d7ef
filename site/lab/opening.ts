/** The way of the slider from nothing to the whole pattern, which the lab goes by itself when its page opens. */

/** Between two strengths. */
const STEP_MS = 380;

export interface Opening {
  /** Where it ends. */
  end: number;
  stop: number;
  /** Whether what was asked for is shown: each stop is, before the next one is asked for. */
  isShown(): boolean;
  go(strength: number, isLast: boolean): void;
}

/** Begins at 0; what the visitor does ends it where it is, as does `signal`. */
export function goesByItself(lab: HTMLElement, { end, stop, isShown, go }: Opening, signal: AbortSignal): void {
  let strength = 0;
  go(strength, false);
  const timer = setInterval(() => {
    if (!isShown()) return;
    strength = Math.min(strength + stop, end);
    if (strength >= end) clearInterval(timer);
    go(strength, strength >= end);
  }, STEP_MS);
  const halt = () => clearInterval(timer);
  for (const type of ['pointerdown', 'keydown', 'input'] as const)
    lab.addEventListener(type, halt, { signal, capture: true });
  signal.addEventListener('abort', halt);
}
