import { journalAudit, OpenRouterChatModel } from "@aigne/open-router";
import { AIGNEContext } from "@aigne/core";
import { targetsOf } from "./elsewhere.mjs";
const V=process.env.V||"";
export const create = async (setting) => {
  const { baseURL, apiKey, dir } = setting; const [model, ...fallbackModels] = targetsOf(setting);
  const chat = new OpenRouterChatModel({ baseURL, apiKey, model, fallbackModels, ...(V.includes("A")?{}:{audit: journalAudit({ dir })}) });
  const context = V.includes("C") ? new AIGNEContext() : undefined;
  if (V.includes("E")) chat.disableEvents = true;
  return { async call(prompt, first) {
      if (V.includes("N")) { const r = await chat.invoke({ messages: [{ role: "user", content: prompt }] }, {context}); first(); return r.text; }
      const stream = await chat.invoke({ messages: [{ role: "user", content: prompt }] }, { streaming: true, context });
      let text = ""; for await (const { delta } of stream) { const piece = delta?.text?.text; if (!piece) continue; if (text === "") first(); text += piece; }
      return text; }, close: () => chat.shutdown() };
};
