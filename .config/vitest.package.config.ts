import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Tests of the packed tarball: they build, pack and install, so they are no part of `npm test`. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["test/package/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
