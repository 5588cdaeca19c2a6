export type { BreakerOptions } from "./admission/guard.js";
export type { Answer, ToolCall } from "./answer.js";
export type { ChainStream } from "./answer-stream.js";
export { type JournalAudit, journalAudit } from "./audit/journal.js";
export type { JournalContent, JournalOptions } from "./audit/journal-options.js";
export { jsonlAudit } from "./audit/jsonl.js";
export { type MemoryAudit, memoryAudit } from "./audit/memory.js";
export { pinoAudit } from "./audit/pino.js";
export type { BudgetConfig as BudgetOptions } from "./budget.js";
export type { CallOptions } from "./call-plan.js";
export type { CatalogueOptions } from "./catalogue/catalogues.js";
export {
  AttemptError,
  AuditRefusal,
  type FailedAttempt,
  FallbackChainError,
  type FallbackChainErrorCode,
  OptionsError,
  SignalError,
} from "./errors.js";
export type { ChainEvent } from "./events.js";
export { classify } from "./failure.js";
export { type CompleteAnswer, FallbackChain } from "./fallback-chain.js";
export { createHealth, type Health } from "./health/health.js";
export type { TargetReport } from "./health/report.js";
export type { JournalEntry, JournalEvent } from "./journal/entry.js";
export { entryOf as journalEntry, type Link as JournalLink, linkOf as journalLink } from "./journal/line.js";
export {
  type RawLine as JournalLine,
  type RawLinesOptions as JournalLinesOptions,
  rawLines as journalLines,
} from "./journal/raw-lines.js";
export {
  type Chain as JournalChain,
  chainsIn as journalChains,
  type Segment as JournalSegment,
} from "./journal/segment.js";
export type { Logger } from "./logger.js";
export type { CatalogueSource, ModelFacts, Price, PriceTier } from "./model-facts.js";
export type { CallTelemetry, Telemetry } from "./observer.js";
export type { FallbackChainOptions, ResilienceOptions, TargetOptions } from "./options.js";
export type { Plan, PlannedTarget } from "./plan.js";
export {
  type OpenAICompatibleOptions,
  type OpenRouterOptions,
  type OpenRouterProvider,
  openAICompatible,
  openRouter,
  type Script,
  type ScriptedOptions,
  type ScriptedProvider,
  type ScriptStep,
  scripted,
} from "./providers/index.js";
export type {
  AuditAttempt,
  AuditRecord,
  AuditSink,
  BreakerChange,
  CallContent,
  Caller,
  CallStart,
  Cost,
  Skip,
  SkipReason,
} from "./record.js";
export {
  type AdaptiveOptions,
  adaptive,
  type HedgedOptions,
  hedged,
  type RaceOptions,
  race,
  sequential,
  type WeightedOptions,
  weighted,
} from "./strategies/index.js";
export type {
  AttemptTimeouts,
  ChatMessage,
  ChatRequest,
  Clock,
  ClockPhase,
  Concurrency,
  ContentPart,
  Failure,
  FailureClass,
  FailureScope,
  FilePart,
  FinishReason,
  InvalidReason,
  Jitter,
  OpenContext,
  Part,
  Provider,
  ProviderPart,
  RecoveryMode,
  RetryOptions,
  RetryRule,
  Signal,
  Supports,
  Target,
  TextPart,
  ThoughtsPart,
  Throughput,
  Timeouts,
  ToolCallPart,
  Usage,
  UsagePart,
  WireRequest,
} from "./types.js";
export type { BreakerPhase, CallFacts, OrderView, PaceView, Strategy, Vitals } from "./vitals.js";
