import { runBundled } from "./run-bundled.mjs";

await runBundled("audit-pictures");
