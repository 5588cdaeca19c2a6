import { createFallback } from "ai-fallback";
import { provider, streaming } from "./ai-sdk.mjs";

export const create = async (setting) => {
  const openrouter = provider(setting);
  return streaming(createFallback({ models: setting.models.map((model) => openrouter(model)) }));
};
