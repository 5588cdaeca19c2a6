import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = (path: string) => fileURLToPath(new URL(`../src/${path}`, import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  resolve: {
    alias: [
      { find: /^@aigne\/open-router$/, replacement: src("index.ts") },
      { find: /^@aigne\/open-router\/chain$/, replacement: src("chain.ts") },
      { find: /^@aigne\/open-router\/testing$/, replacement: src("testing/index.ts") },
      { find: /^@aigne\/open-router\/telemetry$/, replacement: src("telemetry/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "test/package/**", "test/browser/**"],
    testTimeout: 30_000,
    // vitest leaves one core free, which on a machine with two is half of it.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // An AbortSignal outlives every young collection in Node: with more room there are fewer of these, and a simulation
    // takes a quarter less time.
    execArgv: ["--max-semi-space-size=64"],
    env: {
      AIGNE_OBSERVABILITY_DISABLED: "true",
      OPEN_ROUTER_LOG_LEVEL: "silent",
      // Tests count requests and sockets; those that are about the catalogue turn it on.
      OPEN_ROUTER_CATALOGUE: "off",
    },
  },
});
