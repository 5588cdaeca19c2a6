import { createRetryableModel, error } from "ai-retry/language-model";
import { provider, streaming } from "./ai-sdk.mjs";

export const create = async (setting) => {
  const openrouter = provider(setting);
  const [model, ...others] = setting.models.map((name) => openrouter(name));
  const retries = others.map((other) => error(() => true).switch({ model: other }));
  return streaming(createRetryableModel({ model, retries }));
};
