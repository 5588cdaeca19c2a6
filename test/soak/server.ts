import { startSimulator } from "../../src/testing/index.js";
import { SIMULATED_MODELS } from "./faults.js";
import { SIMULATED } from "./rigs.js";

/** What the simulator has seen, of requests to models. */
export interface Served {
  requests: number;
  /** Of these, to models that are faulty at times. */
  exposed: number;
  faulty: number;
  /** Different faults. */
  faults: number;
}

/** The simulator of the soak, in a process of its own: its heap is not what is looked at. */
const faults = new Map<string, number>();
let requests = 0;
let exposed = 0;
const simulator = await startSimulator({
  models: SIMULATED_MODELS,
  // A prompt that is too long for one model is asked of the others only where more fits in.
  catalogue: { [SIMULATED.healthy]: { contextLength: 1_000_000 } },
  logLimit: 1_000,
  onRequest({ model, script }) {
    if (model === undefined) return;
    requests++;
    if (!model.startsWith("healthy/")) exposed++;
    if (script?.fault) faults.set(script.fault, (faults.get(script.fault) ?? 0) + 1);
  },
});
process.on("message", async () => {
  const faulty = [...faults.values()].reduce((sum, count) => sum + count, 0);
  process.send?.({ requests, exposed, faulty, faults: faults.size } satisfies Served);
  await simulator.close();
  process.disconnect();
});
process.send?.(simulator.baseURL);
