import { afterEach, describe, expect, it, vi } from "vitest";
import { openAICompatible, openRouter, type Target } from "../../../src/chain.js";
import { serverAttributes } from "../../../src/telemetry/attributes.js";

afterEach(() => void vi.unstubAllEnvs());

describe("where a target's requests go", () => {
  const compatible = (baseURL: string) => openAICompatible({ name: "own", baseURL });

  it.each([
    [openRouter({ apiKey: "k" }), "openrouter.ai", 443],
    [openRouter({ apiKey: "k", baseURL: "https://gateway.example:8443/v1" }), "gateway.example", 8443],
    [compatible("http://vllm.internal/v1"), "vllm.internal", 80],
    [compatible("http://[::1]:11434/v1"), "::1", 11434],
  ])("is told by its provider: %#", (provider, address, port) => {
    expect(serverAttributes({ provider } as unknown as Target)).toEqual({
      "server.address": address,
      "server.port": port,
    });
  });

  it("is not told while nobody knows", () => {
    vi.stubEnv("OPEN_ROUTER_BASE_URL", "nonsense");
    const { open, ...unsaid } = compatible("http://127.0.0.1:1/v1");
    for (const provider of [openRouter({ apiKey: "k" }), { ...unsaid, open, server: undefined }])
      expect(serverAttributes({ provider } as unknown as Target)).toEqual({});
  });
});
