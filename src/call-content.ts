import type { CallContent } from "./record.js";
import type { ChatRequest } from "./types.js";

/** What sinks may look at: properties of its own, since a sink may spread it. */
export class Content implements CallContent {
  declare readonly request: ChatRequest;
  declare readonly text: string;
  readonly #request: ChatRequest;
  readonly #call: { readonly shown: string };

  // For all calls: a literal with getters has a shape of its own each time.
  static readonly #properties: PropertyDescriptorMap & ThisType<Content> = {
    request: {
      enumerable: true,
      // A copy for whoever asks: a sink that changed it would change what is sent.
      get() {
        return JSON.parse(JSON.stringify(this.#request));
      },
    },
    text: {
      enumerable: true,
      get() {
        return this.#call.shown;
      },
    },
  };

  constructor(request: ChatRequest, call: { readonly shown: string }) {
    this.#request = request;
    this.#call = call;
    Object.defineProperties(this, Content.#properties);
  }
}
