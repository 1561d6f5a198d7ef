import type { Program } from './jobs.ts';

/** Sessions by the key of their program. Beyond `most` the one that was not used for longest is let go. */
export class Sessions<Session> {
  readonly #open = new Map<string, Session>();
  readonly #most: number;
  readonly #create: (program: Program) => Promise<Session>;
  readonly #release: (session: Session) => Promise<void>;

  constructor(
    most: number,
    create: (program: Program) => Promise<Session>,
    release: (session: Session) => Promise<void>,
  ) {
    this.#most = most;
    this.#create = create;
    this.#release = release;
  }

  /** One request at a time: releasing a session while another request opens one would let two of them meet. */
  async of(program: Program): Promise<Session> {
    const known = this.#open.get(program.key);
    if (known !== undefined) {
      this.#open.delete(program.key);
      this.#open.set(program.key, known);
      return known;
    }
    // The map is in order of last use. Let the oldest go first, so that there is never one session too many in memory.
    while (this.#open.size >= this.#most) await this.release(this.#open.keys().next().value as string);
    const session = await this.#create(program);
    this.#open.set(program.key, session);
    return session;
  }

  /** Gives back the session of one program, or with null all of them. */
  async release(key: string | null): Promise<void> {
    for (const one of key === null ? [...this.#open.keys()] : [key]) {
      const session = this.#open.get(one);
      this.#open.delete(one);
      if (session !== undefined) await this.#release(session);
    }
  }
}
