import { createParser } from "eventsource-parser";
import { Agent, request } from "undici";
if ((process.env.V||"").includes("H")) { globalThis.big=[]; for(let i=0;i<400000;i++) big.push({a:i,b:{c:i}}); }

/** The least a client can do with kept libraries: send, decode, parse, join. No check, no clock, no second model. */
export const create = async ({ baseURL, apiKey, models }) => {
  const dispatcher = new Agent();
  return {
    async call(prompt, first) {
      const { body } = await request(`${baseURL}/chat/completions`, {
        dispatcher,
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
        body: JSON.stringify({
          model: models.at(-1),
          stream: true,
          stream_options: { include_usage: true },
          messages: [{ role: "user", content: prompt }],
        }),
      });
      let text = "";
      const parser = createParser({
        onEvent({ data }) {
          if (data === "[DONE]") return;
          const piece = JSON.parse(data).choices[0]?.delta?.content;
          if (!piece) return;
          if (text === "") first();
          text += piece;
        },
      });
      const decoder = new TextDecoder();
      for await (const bytes of body) parser.feed(decoder.decode(bytes, { stream: true }));
      return text;
    },
    close: () => dispatcher.close(),
  };
};
