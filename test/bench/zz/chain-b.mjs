import { FallbackChain, journalAudit, openRouter } from "@aigne/open-router/chain";
import { targetsOf } from "./elsewhere.mjs";
const V=process.env.V||"";
if (V.includes("M")) await import("@aigne/core"); if (V.includes("H")) { globalThis.big=[]; for(let i=0;i<400000;i++) big.push({a:i,b:{c:i}}); globalThis.gc?.(); } if (V.includes("Z")) await import("zod"); if (process.env.IMP) for (const m of process.env.IMP.split(",")) await import(m);
export const create = async (setting) => {
  const { baseURL, apiKey, dir } = setting;
  const chain = new FallbackChain({ targets: targetsOf(setting), provider: openRouter({ baseURL, apiKey }), ...(V.includes("A")?{}:{audit: journalAudit({ dir })}), ...(V.includes("F")?{breaker:false}:{}), ...(V.includes("T")?{timeouts:{connectMs:false,firstTokenMs:false,idleMs:false,attemptMs:false,totalMs:false,consumerMs:false}}:{}) });
  return { async call(prompt, first) {
      if (V.includes("K")) { const r = await chain.complete({ messages: [{ role: "user", content: prompt }] }); first(); return r.text; }
      const stream = chain.stream({ messages: [{ role: "user", content: prompt }] });
      let text = ""; 
      if (V.includes("R")) { const rs=new ReadableStream({pull(){ return stream}},{highWaterMark:0}); }
      if (V.includes("B")) { for await (const parts of stream.batches()) for (const part of parts) { if (part.type !== "text") continue; if (text === "") first(); text += part.text; } }
      else for await (const part of stream) { if (part.type !== "text") continue; if (text === "") first(); text += part.text; }
      return text; }, close: () => chain.close() };
};
