import { runBundled } from "./run-bundled.mjs";

// Requests are counted: the list of models would be one more.
process.env.OPEN_ROUTER_CATALOGUE = "off";
await runBundled("faults-report");
