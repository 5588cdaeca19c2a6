import { runBundled } from "./run-bundled.mjs";

await runBundled("resilience-report");
