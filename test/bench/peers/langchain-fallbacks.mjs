import { chat, streaming } from "./langchain.mjs";

export const create = async (setting) => {
  const [first, ...fallbacks] = setting.models.map((model) => chat(setting, model));
  return streaming(first.withFallbacks(fallbacks));
};
