export { type CreateClientOptions, createClient, type PassedClientOptions } from "./client.js";
export type { Fetch } from "./fetch.js";
export { type OpenAICompatibleOptions, openAICompatible } from "./openai-compatible.js";
export { type OpenRouterOptions, type OpenRouterProvider, openRouter } from "./openrouter.js";
export { type ShapedRequest, shapeRequest } from "./request.js";
export {
  answer,
  type Script,
  type ScriptedOptions,
  type ScriptedProvider,
  type ScriptStep,
  scripted,
} from "./scripted.js";
