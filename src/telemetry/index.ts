export type { ChainEvent } from "../events.js";
export type { CallTelemetry, Telemetry } from "../observer.js";
export { DIAGNOSTICS_CHANNELS } from "./diagnostics.js";
export { type OpenTelemetryOptions, openTelemetry } from "./open-telemetry.js";
