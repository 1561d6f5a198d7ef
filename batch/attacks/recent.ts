import { restore, type State, snapshot } from './state.ts';

interface Look {
  loss: number;
  /** null for a picture that is no crafting photo. */
  won: boolean | null;
}

/** Losses and successes of the last `size` looks, and of those since the last point of the curve. */
export class Recent {
  #size: number;
  #window: Look[] = [];
  #point: Look[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  add(loss: number, won: boolean | null): void {
    this.#window.push({ loss, won });
    if (this.#window.length > this.#size) this.#window.shift();
    this.#point.push({ loss, won });
  }

  get full(): boolean {
    return this.#window.length === this.#size;
  }

  get loss(): number {
    return mean(this.#window.map(({ loss }) => loss));
  }

  get fooling(): number | null {
    return share(this.#window);
  }

  /** Whether anything was looked at since the last point. */
  get hasPoint(): boolean {
    return this.#point.length > 0;
  }

  take(): { loss: number; fooling: number | null } {
    const point = this.#point;
    this.#point = [];
    return { loss: mean(point.map(({ loss }) => loss)), fooling: share(point) };
  }

  forget(): void {
    this.#window = [];
  }

  get state(): State {
    return snapshot({ window: this.#window, point: this.#point } as unknown as State);
  }

  set state(saved: State) {
    const parts: State = {};
    restore(parts, saved);
    this.#window = parts.window as unknown as Look[];
    this.#point = parts.point as unknown as Look[];
  }
}

function share(looks: Look[]): number | null {
  const judged = looks.filter(({ won }) => won !== null);
  return judged.length === 0 ? null : mean(judged.map(({ won }) => Number(won)));
}

const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / Math.max(1, values.length);
