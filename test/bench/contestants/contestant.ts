/** What every contestant is given. */
export interface Setting {
  /** Ends with `/api/v1`. */
  baseURL: string;
  apiKey: string;
  /** Tried in this order by whoever can. */
  models: string[];
  /** A folder for what is written. */
  dir: string;
  /** Where the last model is asked, when that is not at `baseURL`. */
  fallbackURL?: string;
}

export interface Contestant {
  /**
   * One streamed call, read as the documentation says; resolves with its whole text. `first` at the first text; where it
   * is known, `each` is awaited after every delta.
   */
  call(prompt: string, first: () => void, each?: () => Promise<unknown>): Promise<string>;
  close?(): Promise<void> | void;
}

export type Create = (setting: Setting, more?: object) => Promise<Contestant>;
