import { FallbackChain, journalAudit, openRouter, memoryAudit } from "@aigne/open-router/chain";
import { targetsOf } from "./elsewhere.mjs";
export const create = async (setting) => {
  const { baseURL, apiKey, dir } = setting; const V=process.env.V||"";
  const targets = V.includes("T")? [targetsOf(setting).at(-1)] : targetsOf(setting);
  const chain = new FallbackChain({ targets, provider: openRouter({ baseURL, apiKey }),
    ...(V.includes("A")?{}:{audit: journalAudit({ dir })}),
    ...(V.includes("L")?{logger:false}:{}),
    ...(V.includes("B")?{breaker:false}:{}), });
  return { async call(prompt, first) {
      if (V.includes("G")) { const r=await chain.generate({ messages: [{ role: "user", content: prompt }] }); return r.text; }
      const stream = chain.stream({ messages: [{ role: "user", content: prompt }] });
      let text = "";
      for await (const part of stream) { if (part.type !== "text") continue; if (text === "") first(); text += part.text; }
      return text; }, close: () => chain.close() };
};
