import type { Provider } from "@aigne/open-router/chain";

export const parrot: Provider = {
  name: "parrot",
  account: "none",
  supports: { usageInStream: true, tools: false, jsonSchema: false, prefill: false, openRouterKeys: false },
  async open(request, { onHeaders }) {
    onHeaders({ status: 200 });
    return (async function* () {
      yield [{ type: "text" as const, text: String(request.messages.at(-1)?.content) }];
      yield [{ type: "finish" as const, reason: "stop" }];
    })();
  },
};
