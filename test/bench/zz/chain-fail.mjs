import { FallbackChain, journalAudit, openRouter } from "@aigne/open-router/chain";
export const create = async (setting) => {
  const { baseURL, apiKey, dir } = setting;
  const chain = new FallbackChain({ targets: ["bad/one","good/two"], provider: openRouter({ baseURL: baseURL.replace("none","503"), apiKey }), retry: Object.fromEntries(["rate_limit", "overloaded", "server_error", "network"].map((name) => [name, { retries: 0 }])), breaker:false });
  return { async call(prompt, first) {
      const stream = chain.stream({ messages: [{ role: "user", content: prompt }] });
      let text = ""; for await (const part of stream) { if (part.type !== "text") continue; if (text === "") first(); text += part.text; }
      return text; }, close: () => chain.close() };
};
