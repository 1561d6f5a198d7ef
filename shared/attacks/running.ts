type Look = {
  loss: number;
  /** null for a picture that is no crafting photo. */
  fooled: boolean | null;
};

/**
 * Losses and successes of the last `size` photos that were looked at, and of those since the last point of the curve.
 */
export class Running {
  /** What a checkpoint keeps, and puts back in place. */
  readonly state: { window: Look[]; point: Look[] } = { window: [], point: [] };
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  add(loss: number, fooled: boolean | null): void {
    const { window, point } = this.state;
    window.push({ loss, fooled });
    if (window.length > this.#size) window.shift();
    point.push({ loss, fooled });
  }

  get full(): boolean {
    return this.state.window.length === this.#size;
  }

  get loss(): number {
    return mean(this.state.window.map(({ loss }) => loss));
  }

  get fooling(): number | null {
    return share(this.state.window);
  }

  /** Whether anything was looked at since the last point. */
  get hasPoint(): boolean {
    return this.state.point.length > 0;
  }

  take(): { loss: number; fooling: number | null } {
    const { point } = this.state;
    this.state.point = [];
    return { loss: mean(point.map(({ loss }) => loss)), fooling: share(point) };
  }

  forget(): void {
    this.state.window = [];
  }
}

function share(looks: Look[]): number | null {
  const judged = looks.filter(({ fooled }) => fooled !== null);
  return judged.length === 0 ? null : mean(judged.map(({ fooled }) => Number(fooled)));
}

const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / Math.max(1, values.length);
