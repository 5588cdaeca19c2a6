import { openRouter } from "@aigne/open-router/chain";

/** The models as targets, the last of them at another address when the setting has one. */
export function targetsOf({ models, apiKey, fallbackURL }) {
  if (!fallbackURL) return models;
  return [
    ...models.slice(0, -1),
    { model: models.at(-1), provider: openRouter({ baseURL: fallbackURL, apiKey }) },
  ];
}
