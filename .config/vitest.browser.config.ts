import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Tests of the page in Chromium: they need one that is installed (CHROMIUM, else /usr/bin/chromium). */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["test/browser/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // They wait more than they work.
    maxWorkers: 2,
  },
});
