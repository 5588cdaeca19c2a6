import { openRouter } from "@aigne/open-router/chain";

/** Our provider without a chain: what the chain's own work is measured against. */
export const create = async ({ baseURL, apiKey, models }) => {
  const provider = openRouter({ baseURL, apiKey });
  let calls = 0;
  return {
    async call(prompt, first) {
      const request = { model: models.at(-1), messages: [{ role: "user", content: prompt }] };
      const { signal } = new AbortController();
      const batches = await provider.open(request, { signal, attemptId: `bench-${++calls}`, onHeaders() {} });
      let text = "";
      for await (const parts of batches) {
        for (const part of parts) {
          if (part.type !== "text") continue;
          if (text === "") first();
          text = part.text;
        }
      }
      return text;
    },
  };
};
