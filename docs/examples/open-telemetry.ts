import { FallbackChain, openRouter } from "@aigne/open-router/chain";
import { openTelemetry } from "@aigne/open-router/telemetry";
import { startSimulator } from "@aigne/open-router/testing";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";

const simulator = await startSimulator({
  models: { "openai/gpt-4o": { fault: "503" }, "anthropic/claude-3-opus": { text: "Here I am." } },
});
// An app has its SDK registered, and calls openTelemetry() without options.
const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const chain = new FallbackChain({
  targets: ["openai/gpt-4o", "anthropic/claude-3-opus"],
  provider: openRouter({ apiKey: "any", baseURL: simulator.baseURL }),
  telemetry: openTelemetry({ tracerProvider }),
  logger: false,
});

await chain.complete({ messages: [{ role: "user", content: "Who is there?" }] });
for (const { name, attributes } of exporter.getFinishedSpans()) {
  console.log(name, attributes["fallback_chain.outcome"]);
}

await chain.close();
await simulator.close();
