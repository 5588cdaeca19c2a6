export type {
  Answer,
  Pace,
  RetryAfter,
  ScriptedError,
  ScriptedFinish,
  ScriptedToolCall,
  ScriptedUsage,
} from "./answer.js";
export type { ModelFacts } from "./catalogue.js";
export { checkModels, checkOptions, checkScript } from "./check.js";
export { describeFault, FAULTS, type FaultFamily, type FaultName, faultFamily } from "./faults.js";
export type { KeyFacts } from "./keys.js";
export type { SimulatedRequest } from "./log.js";
export type {
  AnswerScript,
  BodyFaultScript,
  ContentFaultScript,
  CustomFaultScript,
  EitherScript,
  ErrorEventScript,
  FaultScript,
  HeadFaultScript,
  HttpFaultScript,
  ModelScript,
  OnceFaultScript,
  Script,
  StreamFaultScript,
  WireFaultScript,
} from "./script.js";
export { type Simulator, type SimulatorOptions, startSimulator } from "./simulator.js";
export { unusedPort } from "./unused-port.js";
