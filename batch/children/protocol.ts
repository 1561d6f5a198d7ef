/** What a child that works on foreign files and the one that waits for it say to each other. */
export interface Call {
  name: string;
  args: unknown[];
}

/** An error, as it crosses between processes. */
export interface Said {
  name: string;
  message: string;
  stack: string | undefined;
}

export type Reply =
  | { kind: 'progress'; text: string }
  | { kind: 'running' }
  | { kind: 'done'; result: unknown }
  | { kind: 'failed'; error: Said };
