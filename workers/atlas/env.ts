/** What wrangler.toml binds. */
export interface Env {
  /** The bucket that `atlas publish` fills; keys as in a release folder. */
  RELEASES: R2Bucket;
  /** The static site; absent where only the API runs. */
  ASSETS?: Fetcher;
  /** "*", or the origins that may call the API from a browser, separated by commas. */
  ALLOWED_ORIGINS: string;
  /** Counts the images that an address sends; absent: nobody is limited. */
  IMAGE_LIMIT?: RateLimit;
  /** What IMAGE_LIMIT allows, as the RateLimit-Policy header says it. */
  RATE_LIMIT_POLICY?: string;
  /** Where a data point for each request goes; absent: nowhere. */
  REQUESTS?: AnalyticsEngineDataset;
}

/** What is told about a request, in the log and as a data point. Never anything of the image. */
export interface Observation {
  /** "ok", or the kind of problem that was answered. */
  outcome: string;
  model?: string;
  perturbations?: string[];
  release?: string;
  timings?: Timings;
}

/**
 * Milliseconds of each stage; `wait` is the time in the queue of this isolate, `session` the time to open the network
 * (0 when it was open).
 */
export interface Timings {
  wait: number;
  decode: number;
  canvas: number;
  session: number;
  inference: number;
  total: number;
}

/** The types that every Hono handler of the Worker sees. */
export interface AppEnv {
  Bindings: Env;
  Variables: { requestId: string; observed: Observation };
}
