/** What wrangler.toml binds. */
export interface Env {
  /** The bucket that `atlas publish` fills; keys as in a release folder. */
  RELEASES: R2Bucket;
  /** The static site; absent where only the API runs. */
  ASSETS?: Fetcher;
  /** "*", or the origins that may call the API from a browser, separated by commas. */
  ALLOWED_ORIGINS: string;
}

/** The types that every Hono handler of the Worker sees. */
export interface AppEnv {
  Bindings: Env;
  Variables: { requestId: string };
}
