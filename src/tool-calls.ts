import type { ToolCall } from "./answer.js";
import type { ToolCallPart } from "./types.js";

/** Assembles fragments into whole tool calls. A Map, since an index comes from the wire and may be anything. */
export class ToolCalls {
  /** Made with the first: most answers have none. */
  #calls: Map<number, ToolCall> | undefined;

  get size(): number {
    return this.#calls?.size ?? 0;
  }

  /** Whether a call has no arguments yet, not even empty ones. */
  get open(): boolean {
    return [...(this.#calls?.values() ?? [])].some((call) => call.arguments === "");
  }

  add({ index, id, name, arguments: fragment }: ToolCallPart): void {
    this.#calls ??= new Map();
    const call = this.#calls.get(index);
    if (!call) {
      this.#calls.set(index, { id: id ?? "", name: name ?? "", arguments: fragment });
      return;
    }
    call.id ||= id ?? "";
    call.name ||= name ?? "";
    call.arguments += fragment;
  }

  calls(): ToolCall[] {
    if (!this.#calls) return [];
    const sorted = [...this.#calls].sort(([a], [b]) => a - b);
    return sorted.map(([, call], position) => ({
      ...call,
      id: call.id || `call_${position}`,
      // A tool without parameters is called with nothing at all by some models.
      arguments: call.arguments || "{}",
    }));
  }

  /** One whole part per call, numbered without gaps. */
  parts(): ToolCallPart[] {
    return this.calls().map((call, index) => ({ type: "toolCall", index, ...call }));
  }
}
